/* The Ising model on a square: how much of a magnet is left at a temperature. Metropolis steps, one sweep after the other. */

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST 256

static int size = 24, sweeps = 400, seed = 0;
static double temperature = 2.0;
static const char *folder = NULL;
static signed char spin[LARGEST][LARGEST];
static uint64_t state;

/* The same numbers on every machine, unlike rand(). */
static double random_number(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) * 0x1p-53;
}

static int whole(const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (*end != '\0' || value < 0 || value > 1000000) {
        fprintf(stderr, "ising: error: %s is not a whole number up to 1000000\n", text);
        exit(2);
    }
    return (int)value;
}

static void read_arguments(int count, char **words)
{
    for (int i = 1; i < count; i += 2) {
        const char *name = words[i], *value = i + 1 < count ? words[i + 1] : "";
        if (strcmp(name, "--size") == 0)
            size = whole(value);
        else if (strcmp(name, "--sweeps") == 0)
            sweeps = whole(value);
        else if (strcmp(name, "--seed") == 0)
            seed = whole(value);
        else if (strcmp(name, "--temperature") == 0)
            temperature = strtod(value, NULL);
        else if (strcmp(name, "--storage_path") == 0)
            folder = value;
        else {
            fprintf(stderr, "ising: error: unknown option %s\n", name);
            exit(2);
        }
    }
    if (folder == NULL || size < 2 || size > LARGEST || temperature <= 0) {
        fprintf(stderr, "ising: error: --storage_path, a size of 2 to %d and a temperature are needed\n", LARGEST);
        exit(2);
    }
}

static FILE *opened(const char *name, const char *mode)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, mode);
    if (file == NULL) {
        fprintf(stderr, "ising: error: %s: %s\n", path, strerror(errno));
        exit(1);
    }
    return file;
}

static int neighbours(int x, int y)
{
    return spin[(x + 1) % size][y] + spin[(x + size - 1) % size][y] + spin[x][(y + 1) % size] + spin[x][(y + size - 1) % size];
}

static void sweep(void)
{
    for (int step = 0; step < size * size; step++) {
        int x = (int)(random_number() * size), y = (int)(random_number() * size);
        double cost = 2.0 * spin[x][y] * neighbours(x, y);
        if (cost <= 0 || random_number() < exp(-cost / temperature))
            spin[x][y] = (signed char)-spin[x][y];
    }
}

static double magnet(void)
{
    long sum = 0;
    for (int x = 0; x < size; x++)
        for (int y = 0; y < size; y++)
            sum += spin[x][y];
    return fabs((double)sum) / (size * size);
}

int main(int count, char **words)
{
    read_arguments(count, words);
    state = 0x9e3779b97f4a7c15ULL * (uint64_t)(seed + 1);
    memset(spin, 1, sizeof spin);

    FILE *curve = opened("metrics.jsonl", "w");
    double sum = 0;
    int counted = 0;
    for (int i = 1; i <= sweeps; i++) {
        sweep();
        double now = magnet();
        if (i > sweeps / 2) {
            sum += now;
            counted++;
        }
        if (i % 20 == 0) {
            fprintf(curve, "{\"step\": %d, \"magnet\": %.4f}\n", i, now);
            fflush(curve);
        }
    }
    fclose(curve);

    FILE *metrics = opened("metrics.json", "w");
    fprintf(metrics, "{\"magnet\": %.4f}\n", counted ? sum / counted : 1.0);
    fclose(metrics);
    printf("at %g, %.4f of the magnet is left\n", temperature, counted ? sum / counted : 1.0);
    return 0;
}

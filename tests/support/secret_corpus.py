"""Arguments with secrets, and innocent ones, made from shapes with a seed: no token is written down anywhere.

A shape is text with alphabets and lengths: `ghp_{A36}` is ghp_ and 36 letters or digits.
"""

from __future__ import annotations

import base64
import hashlib
import random
import re
import string
import uuid
from collections.abc import Iterator


def _words(text: str) -> list[str]:
    return text.split()


ALPHABETS = {
    "A": string.ascii_letters + string.digits,
    "a": string.ascii_lowercase + string.digits,
    "U": string.ascii_uppercase + string.digits,
    "H": "0123456789abcdef",
    "D": string.digits,
    "W": string.ascii_letters + string.digits + "_-",
    "B": string.ascii_letters + string.digits + "+/",
    "T": string.ascii_uppercase + "234567",
}
UUID = "{H8}-{H4}-{H4}-{H4}-{H12}"
# Recognised wherever they are.
BARE = (
    *(f"gh{letter}_{{A36}}" for letter in "pousr"),
    "github_pat_{A22}_{A59}",
    *(f"{prefix}-{{W20}}" for prefix in ("glpat", "gldt", "glrt", "glcbt", "glft", "gloas", "glsoat", "glffct")),
    "glptt-{H40}",
    "glimt-{a25}",
    "glagent-{W50}",
    "hf_{A34}",
    "sk-{A20}T3BlbkFJ{A20}",
    "sk-{A48}",
    "sk-proj-{W74}T3BlbkFJ{W74}",
    "sk-svcacct-{W58}T3BlbkFJ{W58}",
    "sk-ant-api03-{W93}AA",
    "sk-ant-admin01-{W93}AA",
    "sk-or-v1-{H64}",
    "sk-lf-" + UUID,
    "sk_{H48}",
    "AKIA{T16}",
    "ASIA{T16}",
    "AIza{W35}",
    "GOCSPX-{W28}",
    "ya29.{W120}",
    "1//0{W60}",
    "https://x.blob.core.windows.net/c?sv=2022-11-02&sig={A43}%3D",
    "DefaultEndpointsProtocol=https;AccountName=x;AccountKey={B86}==",
    "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKey={B43}=",
    "{A3}8Q~{W31}",
    "xoxb-{D12}-{D12}-{A24}",
    "xoxp-{D12}-{D12}-{D12}-{H32}",
    "xoxe.xoxp-1-{A160}",
    "xapp-1-A{U10}-{D13}-{H64}",
    "https://hooks.slack.com/services/T{U8}/B{U8}/{A24}",
    "https://discord.com/api/webhooks/{D18}/{W68}",
    "sk_live_{A24}",
    "rk_live_{A24}",
    "sk_test_{A24}",
    "whsec_{A32}",
    "SG.{W22}.{W43}",
    "SK{H32}",
    "npm_{A36}",
    "pypi-AgEIcHlwaS5vcmc{W80}",
    "rubygems_{H48}",
    "wandb_v1_{A27}_{A48}",
    "gsk_{A52}",
    "r8_{A37}",
    "dapi{H32}",
    "dapi{H32}-2",
    "hvs.{W90}",
    "hvb.{W140}",
    "dckr_pat_{W27}",
    "dckr_oat_{W32}",
    "dop_v1_{H64}",
    "doo_v1_{H64}",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ{W60}.{W43}",
    "-----BEGIN RSA PRIVATE KEY-----\\n{B64}",
    "-----BEGIN OPENSSH PRIVATE KEY-----\\n{B64}",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\\n{B64}",
    '{"type": "service_account", "project_id": "x", "private_key_id": "{H40}"}',
    "eyJhcGlfYWRkcmVzcyI6{A120}",
    "KGAT_{H32}",
    '{"username":"ada","key":"{H32}"}',
    "glc_{A60}",
    "glsa_{A32}_{H8}",
    "sntrys_eyJpYXQiOj{A100}",
    "sntryu_{H64}",
    "lin_api_{A40}",
    "ntn_{D11}{A35}",
    "secret_{A43}",
    "PMAK-{H24}-{H34}",
    "pul-{H40}",
    "{A14}.atlasv1.{W67}",
    "shpat_{H32}",
    "shpss_{H32}",
    "fo1_{W43}",
    "fm2_{B120}",
    "HRKU-" + UUID,
    "M{A23}.{W6}.{W38}",
    "{D10}:AA{W33}",
    "key-{H32}",
    "{H32}-{H8}-{H8}",
    "{H32}-us14",
    "xkeysib-{H64}-{A16}",
    "NRAK-{U27}",
    "dt0c01.{U24}.{U64}",
    "pat{A14}.{H64}",
    "sl.{W135}",
    "dp.pt.{A43}",
    "EAAC{A120}",
    "figd_{W43}",
    "pat-na1-" + UUID,
    "API-{U26}",
    "sha256~{W43}",
    "pplx-{A48}",
    "pscale_pw_{W43}",
    "pnu_{A36}",
    "sqp_{H40}",
    "sgp_{H16}_{H40}",
    "sq0csp-{W43}",
    "sbp_{H40}",
    "tskey-auth-{A16}-{A32}",
    "AGE-SECRET-KEY-1{U58}",
    "AKCp{A69}",
    "ATATT3{W186}",
    "xai-{A80}",
    "tgp_v1_{W43}",
    "lsv2_pt_{H32}_{H10}",
    "llx-{A48}",
    "nvapi-{W64}",
    "csk-{a48}",
    "jina_{H32}{A32}",
    "fw_{A24}",
    "rpa_{U40}",
    "ak-{A22}",
    "nfp_{A36}",
    "CCIPAT_{A22}_{H40}",
    "bkua_{H40}",
    "https://ada:{A12}@example.net/x.git",
    "https://{A40}@git.example.net/x.git",
    "postgres://ada:{A10}@db:5432/x",
    "mongodb+srv://ada:{A16}@cluster0.mongodb.net/x",
    "redis://:{A16}@cache:6379/0",
    "Server=db;Database=x;User Id=ada;Password={A12};",
    "Authorization: Bearer {A40}",
    "Authorization: Basic {A24}==",
    "Authorization: token {H40}",
    "X-Api-Key: {A32}",
    '{"api_key": "{A32}"}',
    '{"password": "{A12}"}',
    "https://api.example.net/v1?api_key={A32}",
    "machine x login ada password {A14}",
)  # fmt: skip
# Recognised by the name of the option or variable.
NAMED = ("{A40}", "{H32}", "{H40}", "{A32}", "{a40}", "{W40}", "{B40}", "{U32}", "{A20}", "{H64}")
NAMES = _words(
    """
    auth wandb_key wandb-api-key api-key api_key apikey token access-token access_token hf_token hf-token hub_token
    auth_token auth-token secret client-secret client_secret secret-key secret_access_key aws_secret_access_key
    private-key openai_api_key openai-key comet_api_key neptune-token neptune_api_token cohere_key kaggle-key
    kaggle_key datadog-api-key dd_api_key dd-app-key cloudflare_token cf-api-token github_token gitlab-token
    slack_token bot-token telegram-bot-token discord_token mailgun_key twilio-auth-token webhook-secret jwt bearer
    bearer-token credentials credential creds azure_storage_key account-key signing-key encryption_key refresh-token
    personal-access-token pat apiToken accessToken clientSecret logger.wandb.api_key trainer.logger.api_key
    model.hf_token mlflow_tracking_token sas-token deploy-token ngc_api_key clearml-secret-key token-value authToken
    use_auth_token hf_access_token db-key
    """
)
PASSWORDS = ("{A12}", "hunter2", "Tr0ub4dor&3", "{W10}", "s3cr3t!", "correct-horse-9", "{D8}x", "Pa55w.rd")
PASSWORD_NAMES = _words(
    """
    password passwd pass db_pass db-pass db_password dbpass user-password smtp_pass mysql-pwd mysql_pwd passphrase
    key-passphrase ssh-passphrase proxy-password admin_password redis.password DB_PASSWORD root_pass login-password
    ftp_pass http-password mqtt_password ldap-pass
    """
)


def made(shape: str, dice: random.Random) -> str:
    """Return a text of a shape."""
    return re.sub(r"\{([AaUHDWBT])(\d+)\}", lambda m: "".join(dice.choices(ALPHABETS[m[1]], k=int(m[2]))), shape)


def bare(dice: random.Random, each: int) -> Iterator[tuple[str, list[str]]]:
    """Yield arguments with tokens of known forms, alone and in the places where they are usually written."""
    for shape in BARE:
        for turn in range(each):
            token = made(shape, dice)
            forms = ([token], ["--x", token], [f"--x={token}"], [f"X={token}"], [f"run with {token} please"])
            yield shape, forms[turn % len(forms)]


def named(dice: random.Random, each: int) -> Iterator[tuple[str, list[str]]]:
    """Yield arguments whose names make the value a secret."""
    for values, names in ((NAMED, NAMES), (PASSWORDS, PASSWORD_NAMES)):
        for name in names:
            for _ in range(each):
                value = made(dice.choice(values), dice)
                variable = name.upper().replace("-", "_")
                forms = ([f"--{name}", value], [f"--{name}={value}"], [f"{name}={value}"], [f"{variable}={value}"])
                yield name, dice.choice(forms)


WORDS = _words(
    """
    iris bert resnet adam cosine train eval baseline large small wide deep base tiny moons digits mnist imagenet squad
    glue llama mistral gemma phi qwen vit clip swin unet gpt roberta distil ablation sweep final best last epoch fold
    layer head seed warmup
    """
)
# Options of machine learning with names that sound like secrets, or that take hashes, names and paths.
OPTIONS = _words(
    """
    --special-token --stop-token --first-token --last_token --pad-token --eos_token --bos-token --sep-token
    --mask-token --unk_token --cls-token --image-token --initializer_token --placeholder-token --max-tokens
    --max_new_tokens --num-tokens --tokenizer --tokens-per-batch --tokens --token-type --token_dim --pwd --task --key
    --sort-key --cache_key --metric-key --image_key --text-key --label-key --primary-key --partition-key --query-key
    --key-dim --keys --monitor --author --author-name --authors --auth-type --auth-method --password-length --passes
    --n-passes --pass --two-pass --first-pass --bypass --compass --lowpass --secretary --patience --path --pattern
    --patch-size --pat --commit --sha --revision --rev --checksum --md5 --sha256 --hash --digest --run-id --uuid --id
    --trace-id --experiment --ckpt --checkpoint --resume --model --model-name --dataset --data --url --endpoint
    --tracking-uri --hub-model-id --date --since --version --seed --lr --name --tag --branch --image --container
    """
)


MODELS = _words("base large-v2 7b 8x7b-instruct 3.1-8b 50 b16-224-in21k xl-1.0 q4_k_m")
SUFFIXES = _words(".pt .yaml .csv .tar.gz .safetensors .json .txt")
ROOTS = _words("/scratch/ada/ ~/ ./ ../ /data/ results/")
HOSTS = _words("https://example.org http://localhost:5000 https://huggingface.co/google s3://bucket gs://bucket-1")
SPECIAL = _words(
    "extra_id_0 <|endoftext|> <pad> [MASK] </s> <|reserved_12|> reserved_special_token_12 Ġthe ▁ <extra_id_99> sks"
)
NUMBERS = _words("1 256 100000 0.0003 1e-4 -3 1_000 2.5e-05 0x1f")


class Innocent:
    """Makes values that are no secrets, many of which look a little like one."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.makers = [
            *(self.sha1, self.md5, self.sha256, self.uuid, self.short_sha, self.number, self.date, self.version),
            *(self.model, self.path, self.run_name, self.url, self.checkpoint, self.special, self.named, self.word),
        ]

    def pick(self, *values: str) -> str:
        return self.dice.choice(values)

    def digit(self) -> int:
        return self.dice.randint(1, 9)

    def word(self) -> str:
        return self.dice.choice(WORDS)

    def sha1(self) -> str:
        return hashlib.sha1(self.dice.randbytes(8)).hexdigest()

    def md5(self) -> str:
        return hashlib.md5(self.dice.randbytes(8)).hexdigest()

    def sha256(self) -> str:
        return hashlib.sha256(self.dice.randbytes(8)).hexdigest()

    def short_sha(self) -> str:
        return self.sha1()[: self.dice.choice([7, 10, 12])]

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.dice.getrandbits(128)))

    def number(self) -> str:
        return self.dice.choice(NUMBERS)

    def date(self) -> str:
        dice = self.dice
        day = f"20{dice.randint(10, 30)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
        return self.pick(day, f"{day}T12:{dice.randint(10, 59)}:00Z", day.replace("-", "") + "T120000Z", day[:7])

    def version(self) -> str:
        numbers = ".".join(str(self.dice.randint(0, 40)) for _ in range(3))
        return self.pick("v", "") + numbers + self.pick("", "rc1", "-beta.2", "+cu121")

    def model(self) -> str:
        owner = self.pick("", f"{self.word()}ai/", "google/", "meta-llama/")
        return f"{owner}{self.word()}{self.pick('-', '_')}{self.pick(*MODELS)}{self.pick('', '-v0.3', '_ft1k')}"

    def path(self) -> str:
        folders = "/".join(self.word() for _ in range(self.dice.randint(1, 4)))
        return (
            f"{self.pick('', *ROOTS)}{folders}/{self.word()}_{self.dice.randint(0, 999):03}{self.pick('', *SUFFIXES)}"
        )

    def run_name(self) -> str:
        rate, size = self.pick("1e-3", "0.01"), self.pick("16", "256")
        return f"{self.word()}_{self.word()}{self.digit()}_lr{rate}_bs{size}_s{self.digit()}"

    def url(self) -> str:
        place = self.pick(self.word(), self.sha1(), self.version())
        return f"{self.pick(*HOSTS)}/{self.word()}/{place}{self.pick('', '?rev=main', '#readme', '?page=2&sort=key')}"

    def checkpoint(self) -> str:
        code = base64.urlsafe_b64encode(self.dice.randbytes(self.dice.choice([6, 9, 12, 18]))).decode().rstrip("=")
        return self.pick(
            code, f"ckpt-{code}", f"ckpt_{code}.pt", f"epoch={self.digit()}-{code}", f"runs/{code}/last.ckpt"
        )

    def special(self) -> str:
        return self.dice.choice(SPECIAL)

    def named(self) -> str:
        one, two, digit = self.word(), self.word(), self.digit()
        return self.pick(
            *(f"sk-{one}-{two}-{digit}", f"key-{one}", f"gh-{one}", f"task-sk-learn-{one}-v{digit}", f"{one}={digit}"),
            *(f"sk-{one}-{two}-classification-benchmark-2026-v{digit}", f"model.{one}.dim={digit}", f"{one},{two}"),
            *(f"{one}:{digit}", f"ada@{one}.org", f"git@github.com:{one}/{two}.git", f"user/{one}-{digit}"),
            *(
                f"{one}.{two}:main",
                f"docker://{one}/{two}:{self.version()}",
                f"localhost:5000/{one}@sha256:{self.sha256()}",
            ),
        )


def innocent(dice: random.Random, count: int) -> Iterator[list[str]]:
    """Yield arguments without secrets: one value, alone or as the value of an option."""
    makers = Innocent(dice).makers
    for turn in range(count):
        value, option = makers[turn % len(makers)](), dice.choice(OPTIONS)
        forms = ([value], [option, value], [f"{option}={value}"], [f"{option[2:].replace('-', '_')}={value}"])
        yield dice.choice(forms)

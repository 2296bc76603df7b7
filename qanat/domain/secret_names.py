"""What the name of an option, a key or a variable says about its value: a password, a token, or nothing.

Programs for machine learning have many tokens and keys that open nothing (`--pad-token`, `--cache-key`), so that most
names only make a value a secret that also looks like one.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache

NAME_MAX = 200


class Kind(IntEnum):
    """What a name says, from little to much; the values that count as secrets are in `secrets._is_secret`."""

    NOTHING = 0
    HASH = 1  # opens something unless its value is just a hash
    RANDOM = 2  # opens something if its value looks random
    LOGIN = 3  # the same, or if it is of the form USER:PASSWORD
    PASS = 4  # may be a number, a name or a folder
    TOKEN = 5
    PASSWORD = 6


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HINTS = (
    "pass",
    "pwd",
    "pw",
    "token",
    "secret",
    "cred",
    "key",
    "auth",
    "bearer",
    "jwt",
    "pat",
    "sas",
    "login",
    "session",
    "cookie",
)
_WORD = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+"
# Words at the end that say which one it is, or in which form.
_SUFFIXES = _words(
    """
    value val string str plain plaintext raw base64 b64 prod production dev test staging live env var
    """
)
_SWITCHES = _words(
    """
    no use with without is has enable disable skip show require need ask
    """
)
_PASSWORDS = frozenset({"password", "passwd", "passphrase", "passcode", "pswd", "passwrd", "userpassword"})
_OF_LOGINS = _words(
    """
    db database sql mysql pg postgres mongo redis user admin root my smtp mail email imap ftp sftp ssh http https proxy
    ldap login basic auth sudo rabbit mq amqp registry docker vpn wifi app service master oracle jdbc odbc minio neo4j
    elastic es kafka account client key cert keystore vault
    """
)
_KINDS_OF_KEY = frozenset({"api", "access", "secret", "private", "auth", "encryption", "ssh", "signing", "account"})
_VENDORS = _words(
    """
    hf huggingface hub github gh gitlab git bitbucket openai anthropic wandb comet neptune cohere kaggle mistral
    replicate groq gemini google gcp aws azure slack discord telegram bot databricks datadog dd sentry grafana
    cloudflare cf heroku stripe twilio sendgrid mailgun npm pypi docker vault linear notion postman fly pulumi terraform
    tf shopify digitalocean do clearml mlflow dagshub roboflow zenodo together fireworks deepseek perplexity pinecone
    weaviate qdrant langsmith langchain langfuse elevenlabs assemblyai deepgram nvidia ngc runpod vast lambda modal
    serpapi tavily jira atlassian okta newrelic honeycomb snowflake mapbox spotify twitter facebook dropbox airtable
    algolia swanlab modelscope aim client consumer app admin service user webhook personal refresh session deploy ci
    bearer oauth id api access auth authorization secret private master write read license web db database storage
    """
)
# Tokens of texts and of pages, and keys of tables and of files.
_HARMLESS = {
    "token": _words(
        """
        special stop first last pad padding eos bos sep cls unk unknown mask end start begin image img audio video
        vision speech text prompt trigger class instance placeholder initializer next page prev previous resume
        continuation sync cancel max min num n per new extra added control role think thinking tool system separator
        delimiter target source label blank space word sub char byte single rare modifier concept lang language task
        mode fim suffix prefix middle sentinel reserved decoder encoder forced boi eoi eot assistant query answer object
        entity domain style register visual latent token turn
        """
    ),
    "key": _words(
        """
        sort cache primary foreign partition group join index dict search metric monitor column col public row hash
        lookup map state batch image text label target feature data dataset input output json yaml config field query
        loss score s3 object item entry value hot shortcut natural range shard bucket routing message idempotency dedup
        rng random prng seed split param model ckpt checkpoint weight tensor layer node edge trace run experiment job
        event order pub major minor main sub composite unique surrogate translation locale music kv source prompt
        response answer question context caption audio video filter match merge by prefix sample subset doc record
        artifact blob file path commit content dvc store parent
        """
    ),
}
# Passes over data or of a compiler.
_HARMLESS_PASSES = _words(
    """
    first second third last final one two n num forward backward multi single by com low high band all each per max min
    data training train eval opt which
    """
)
_LOGINS = frozenset({"auth", "authorization", "authentication", "cred", "creds", "userpwd", "login", "credential"})


def may_name_secret(text: str) -> bool:
    """Return whether a text contains part of a name that says something."""
    lower = text.lower()  # ten times faster than a pattern that ignores case
    return any(hint in lower for hint in _HINTS)


@lru_cache(4096)
def kind_of_name(name: str) -> Kind:
    """Return what a name says about its value."""
    if len(name) > NAME_MAX or not may_name_secret(name):
        return Kind.NOTHING
    words = [word.lower() for word in re.findall(_WORD, name)]
    while len(words) > 1 and (words[-1] in _SUFFIXES or words[-1].isdigit()):
        words.pop()
    kind = _of_words(words) if words else Kind.NOTHING
    if words and words[0] in _SWITCHES:
        return Kind.RANDOM if kind in (Kind.TOKEN, Kind.RANDOM) else Kind.NOTHING
    return kind


def _of_words(words: list[str]) -> Kind:
    last, before = _singular(words[-1]), words[-2] if len(words) > 1 else ""
    if last in _PASSWORDS or last.endswith(("password", "passwd", "passphrase")):
        return Kind.PASSWORD
    for short in ("pass", "pwd", "pw"):
        if last == short:
            is_harmless = before in _HARMLESS_PASSES
            return Kind.PASSWORD if before in _OF_LOGINS | _VENDORS else Kind.NOTHING if is_harmless else Kind.PASS
        if last.endswith(short) and last.removesuffix(short) in _OF_LOGINS:
            return Kind.PASSWORD
    for noun in ("token", "key"):
        if last == noun or (last.endswith(noun) and (glued := last.removesuffix(noun)) in _VENDORS | _HARMLESS[noun]):
            kind = _of_noun(noun, before if last == noun else glued)
            return Kind.HASH if kind and not before and last != words[-1] else kind
    if last.endswith("secret") or last in ("apikey", "credential", "credentials"):
        return Kind.TOKEN
    if last in _LOGINS:
        return Kind.LOGIN
    if last in ("pat", "session", "sessionid", "cookie"):
        return Kind.HASH
    return Kind.RANDOM if last in ("bearer", "jwt", "sas") or last.endswith("token") else Kind.NOTHING


def _of_noun(noun: str, before: str) -> Kind:
    """Return what a token or a key is, given the word before it."""
    if before in _HARMLESS[noun]:
        return Kind.NOTHING
    if noun == "token":
        return Kind.TOKEN if not before or before in _VENDORS else Kind.RANDOM
    if before in _KINDS_OF_KEY:
        return Kind.TOKEN
    return Kind.RANDOM if before in _VENDORS else Kind.HASH


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "as", "creds")) else word

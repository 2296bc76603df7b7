"""Tokens that can be recognised by their own form, wherever they are: prefixes, alphabets and lengths.

The forms are those that the issuers document or that public rule sets know. Every pattern is bounded, so that the time
to search a text is linear, and is only compiled and tried if its sign is in the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from qanat.domain.randomness import is_random

_A, _H, _W, _B = "[A-Za-z0-9]", "[0-9a-f]", r"[\w-]", "[A-Za-z0-9+/]"
_UUID = f"{_H}{{8}}-{_H}{{4}}-{_H}{{4}}-{_H}{{4}}-{_H}{{12}}"
_AZURE = ("APIM", "ACDb", "AzCa", "AzSe", "AzFu", "+ABa", "+AMC", "+ASt", "+ACR", "+ARm")
_AWS = ("A3T", "AKIA", "ASIA", "ABIA", "ACCA", "AROA", "AIDA")
# What it is, a text that each one contains, and its pattern, which begins where no letter or digit precedes.
_PREFIXED = (
    ("a GitHub token", "gh", r"gh[pousr]_\w{36}"),
    ("a GitHub token", "github_pat_", r"github_pat_\w{36}"),
    ("a GitLab token", "gl", rf"gl(?:pat|dt|rtr?|ptt|cbt|ft|f?imt|agent|oas|soat|ffct|wt)-{_W}{{20}}"),
    ("a GitLab token", "GR13", rf"GR1348941{_W}{{20}}"),
    ("a GitLab session", "_gitlab_session=", rf"_gitlab_session={_H}{{32}}"),
    ("a Bitbucket token", "AT", rf"AT(?:BB|CTT3|ATT3){_W}{{24}}"),
    *(("an AWS access key", sign, rf"{sign}[A-Z0-9]{{16,17}}(?![A-Za-z0-9])") for sign in _AWS),
    ("an AWS session token", "Jb3JpZ2lu", rf"(?:IQoJb3JpZ2lu|FwoGZXIvYXdz){_B}{{40}}"),
    ("an AWS session token", "FwoGZXIvYXdz", rf"FwoGZXIvYXdz{_B}{{40}}"),
    ("an AWS key", "ABSK", rf"ABSK{_B}{{60}}"),
    ("an AWS key", "bedrock-api-key-", rf"bedrock-api-key-{_A}{{30}}"),
    ("an AWS key", "amzn", rf"amzn\.mws\.{_UUID}|amzn1\.oa2-cs\.v1\.{_H}{{64}}"),
    ("a signature of a URL", "-Signature=", rf"X-(?:Amz|Goog)-Signature={_H}{{64}}"),
    ("a Google key", "AIza", rf"AIza{_W}{{35}}"),
    ("a Google client secret", "GOCSPX", rf"GOCSPX-{_W}{{20}}"),
    ("a Google access token", "ya29.", r"ya29\.[\w.-]{20}"),
    ("a Google refresh token", "1//0", rf"1//0{_W}{{40}}"),
    ("an Alibaba access key", "LTAI", rf"LTAI{_A}{{16}}"),
    ("a Tencent access key", "AKID", rf"AKID{_A}{{32}}"),
    ("a Slack token", "xox", r"xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10}"),
    ("a Slack token", "xapp-", r"xapp-[A-Za-z0-9-]{10}"),
    ("a Hugging Face token", "hf_", rf"hf_{_A}{{30}}"),
    ("a Hugging Face token", "api_org_", rf"api_org_{_A}{{30}}"),
    ("an Anthropic key", "sk-ant-", rf"sk-ant-{_W}{{20}}"),
    ("an API key", "T3BlbkFJ", rf"sk-{_W}{{0,170}}T3BlbkFJ{_W}{{16}}"),
    ("an API key", "k_live_", rf"[rs]k_live_{_A}{{16}}"),
    ("an API key", "k_", rf"[rs]k_(?:test|prod|org)_{_A}{{16}}"),
    ("a webhook secret", "whsec_", rf"whsec_{_B}{{24}}"),
    ("a SendGrid key", "SG.", rf"SG\.{_W}{{16,24}}\.{_W}{{20}}"),
    ("a Twilio key", "SK", rf"SK{_H}{{32}}(?!{_A})"),
    ("a Mailgun key", "key-", rf"key-{_H}{{32}}(?!{_A})"),
    ("a Mailgun key", "-", rf"{_H}{{32}}-{_H}{{8}}-{_H}{{8}}(?!{_A})"),
    ("a Mailchimp key", "-us", rf"{_H}{{32}}-us[0-9]{{1,2}}"),
    ("a Brevo key", "sib-", rf"x(?:key|smtp)sib-{_H}{{64}}"),
    ("a package index's token", "pypi-", rf"pypi-{_W}{{50}}"),
    ("a package index's token", "npm_", rf"npm_{_A}{{36}}"),
    ("a package index's token", "rubygems_", rf"rubygems_{_H}{{48}}"),
    ("a package index's token", "CLOJARS_", rf"CLOJARS_{_A}{{60}}"),
    ("a package index's token", "oy2", r"oy2[a-z0-9]{43}"),
    ("a Weights & Biases key", "wandb_v", rf"wandb_v[0-9]+_{_W}{{30}}"),
    ("a Groq key", "gsk_", rf"gsk_{_A}{{30}}"),
    ("a Replicate token", "r8_", rf"r8_{_A}{{30}}"),
    *(("a Databricks token", sign, rf"{sign}{_H}{{32}}") for sign in ("dapi", "dose", "dkea")),
    ("a Vault token", "hv", rf"hv[sbr]\.{_W}{{20}}"),
    ("a Terraform token", ".atlasv1.", rf"{_A}{{10,20}}\.atlasv1\.{_W}{{40}}"),
    ("a Pulumi token", "pul-", rf"pul-{_H}{{40}}"),
    ("a Docker token", "dckr_", rf"dckr_[po]at_{_W}{{20}}"),
    ("a DigitalOcean token", "_v1_", rf"do[opr]_v1_{_H}{{40}}"),
    ("a Neptune token", "eyJhcGlfYWRkcmVzcyI6", rf"eyJhcGlfYWRkcmVzcyI6{_B}{{20}}"),
    ("a Kaggle key", "KGAT_", rf"KGAT_{_H}{{30}}"),
    ("a Grafana token", "gl", rf"gl(?:c|sa)_{_B}{{30}}"),
    ("a Grafana token", "eyJrIjoi", rf"eyJrIjoi{_B}{{50}}"),
    ("a Datadog key", "dd", rf"dd(?:[aops]|pat|app|api)_{_A}{{30}}"),
    ("a Sentry token", "sntry", rf"sntry[su]_{_B}{{40}}"),
    ("a New Relic key", "NR", r"NR(?:AK|II|JS|RA|AL|IQ)-[A-Za-z0-9-]{19}"),
    ("a Dynatrace token", "dt0", rf"dt0[a-z][0-9]{{2}}\.[A-Za-z0-9]{{8,24}}\.{_A}{{40}}"),
    ("a Linear key", "lin_", rf"lin_(?:api|oauth)_{_A}{{30}}"),
    ("a Notion token", "secret_", rf"secret_{_A}{{43}}"),
    ("a Notion token", "ntn_", rf"ntn_{_A}{{40}}"),
    ("a Postman key", "PMAK-", rf"PMAK-{_H}{{24}}-{_H}{{34}}"),
    ("a Shopify token", "shp", r"shp(?:at|ca|pa|ss|tka|ua|rt)_[0-9A-Fa-f]{32}"),
    ("a Fly token", "fo1_", rf"fo1_{_W}{{40}}"),
    ("a Fly token", "fm", rf"fm(?:1[ar]|2)_{_B}{{60}}"),
    ("a Heroku key", "HRKU-", rf"HRKU-{_W}{{30}}"),
    ("a Cloudflare key", "v1.0-", rf"v1\.0-{_H}{{24}}-{_H}{{140}}"),
    ("a Cloudflare key", "cf", rf"cf(?:ut|at|k)_{_A}{{36}}"),
    ("an Airtable token", "pat", rf"pat{_A}{{14}}\.{_H}{{64}}"),
    ("a Doppler token", "dp.", rf"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{{1,40}}\.)?{_A}{{40}}"),
    ("a Facebook token", "EAA", r"EAA[A-Za-z0-9]{80}"),
    ("a Facebook token", "|", rf"[0-9]{{13,17}}\|{_W}{{27}}"),
    ("a Figma token", "fig", rf"fig[dour]_{_W}{{40}}"),
    ("a HubSpot token", "pat-", rf"pat-[a-z]{{2}}[0-9]-{_UUID}"),
    ("a LaunchDarkly key", "-", rf"(?:api|sdk|mob|rel|hrku)-{_UUID}"),
    ("a Mapbox token", "sk.eyJ", rf"sk\.eyJ{_W}{{20}}"),
    ("a MaxMind key", "_mmk", rf"{_A}{{6}}_{_A}{{29}}_mmk"),
    ("an Octopus key", "API-", r"API-[A-Z0-9]{26}"),
    ("an OpenShift token", "sha256~", rf"sha256~{_W}{{43}}"),
    ("a Perplexity key", "pplx-", rf"pplx-{_A}{{40}}"),
    ("a PlanetScale token", "pscale_", rf"pscale_(?:tkn|pw|oauth)_{_W}{{32}}"),
    ("a Prefect key", "pn", rf"pn[ub]_{_A}{{32}}"),
    ("a ReadMe key", "rdme_", r"rdme_[a-z0-9]{70}"),
    ("a Shippo token", "shippo_", rf"shippo_(?:live|test)_{_H}{{40}}"),
    ("a SonarQube token", "sq", rf"sq[aup]_{_A}{{40}}"),
    ("a Sourcegraph token", "sgp_", rf"sgp_(?:{_H}{{16}}_|local_)?{_H}{{40}}"),
    ("a Square token", "sq0", rf"sq0(?:atp|csp|idp)-{_W}{{22}}"),
    ("a Supabase key", "sb", rf"(?:sbp_{_H}{{40}}|sb_secret_{_W}{{22}})"),
    ("a Tailscale key", "tskey-", r"tskey-[A-Za-z0-9-]{20}"),
    ("a 1Password token", "ops_eyJ", rf"ops_eyJ{_B}{{60}}"),
    ("a 1Password key", "A3-", r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}"),
    ("an Adobe secret", "p8e", rf"p8e?-{_A}{{32}}"),
    ("an age key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{50}"),
    ("an Artifactory key", "AKCp", rf"AKCp{_A}{{60}}"),
    ("an Artifactory token", "cmVmd", rf"cmVmd{_A}{{59}}"),
    ("a ClickHouse key", "4b1d", rf"4b1d{_A}{{38}}(?!{_A})"),
    ("an EasyPost key", "EZ", rf"EZ[AT]K{_A}{{54}}"),
    ("a Flutterwave key", "FLW", rf"FLW(?:SECK|PUBK)(?:_TEST)?-{_A}{{12}}"),
    ("a Frame.io token", "fio-u-", rf"fio-u-{_W}{{60}}"),
    ("a Duffel token", "duffel_", rf"duffel_(?:test|live)_{_W}{{43}}"),
    ("a Defined Networking key", "dnkey-", rf"dnkey-{_W}{{60}}"),
    ("an Infracost key", "ico-", rf"ico-{_A}{{32}}"),
    ("a Netlify token", "nf", rf"nf[pcou]_{_A}{{36}}"),
    ("a Buildkite token", "bk", rf"bk(?:ua|aj|ct|pi)_{_A}{{40}}"),
    ("a CircleCI token", "CCI", rf"CCI(?:PAT|PRJ)_{_A}{{20,24}}_{_H}{{40}}"),
    ("a Jenkins token", "11", rf"11{_H}{{32}}(?!{_A})"),
    ("a Vercel token", "vc", rf"vc[pkira]_{_A}{{40}}"),
    ("a Settlemint token", "sm_", rf"sm_(?:aat|pat|sat)_{_A}{{16}}"),
    ("a Typeform token", "tfp_", rf"tfp_{_W}{{44}}"),
    ("an xAI key", "xai-", rf"xai-{_A}{{60}}"),
    ("a Together key", "tgp_v1_", rf"tgp_v1_{_W}{{40}}"),
    ("a Pinecone key", "pcsk_", rf"pcsk_{_W}{{40}}"),
    ("a LangSmith key", "lsv2_", rf"lsv2_(?:pt|sk)_{_H}{{32}}"),
    ("a LlamaCloud key", "llx-", rf"llx-{_A}{{40}}"),
    ("a Tavily key", "tvly-", rf"tvly-{_W}{{28}}"),
    ("a RunPod key", "rp", rf"rp[as]_{_A}{{36}}"),
    ("an Anyscale key", "esecret_", rf"esecret_{_A}{{24}}"),
    ("an NVIDIA key", "nvapi-", rf"nvapi-{_W}{{50}}"),
    ("a Cerebras key", "csk-", rf"csk-{_A}{{40}}"),
    ("a Jina key", "jina_", rf"jina_{_A}{{50}}"),
    ("a DVC Studio token", "isat_", rf"isat_{_A}{{40}}"),
    ("a Firecrawl key", "fc-", rf"fc-{_H}{{32}}(?!{_A})"),
    (
        "a Discord address",
        "/api/webhooks/",
        rf"discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/[0-9]{{15,22}}/{_W}{{50}}",
    ),
    ("a Discord token", ".", rf"(?:mfa\.{_W}{{60}}|[MNO]{_W}{{23,27}}\.{_W}{{6}}\.{_W}{{27}})"),
    ("a Telegram token", ":", rf"[0-9]{{8,10}}:{_W}{{35}}(?!{_W})"),
    (
        "a Slack address",
        "hooks.slack.com",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/\w{1,20}/\w{1,20}/\w{10}",
    ),
    ("a Teams address", ".office.com", rf"webhook\.office\.com/webhookb2/{_UUID}@{_UUID}/IncomingWebhook/{_H}{{32}}"),
    ("an Azure key", "Key=", r"(?:Account|SharedAccess|Access)Key=[A-Za-z0-9+/]{40}"),
    *(("an Azure key", sign, rf"{_B}{{76}}{re.escape(sign)}{_B}{{5}}[AQgw]==") for sign in _AZURE),
    ("an Azure key", "JQQJ99", rf"{_A}{{52}}JQQJ99{_A}{{20}}"),
    ("an Azure token", "AZDO", rf"{_A}{{76}}AZDO{_A}{{4}}"),
    ("an Azure secret", "Q~", r"[\w.~-]{3}[0-9]Q~[\w.~-]{31}"),
    ("an Azure signature", "sig=", r"sig=[A-Za-z0-9%+/]{40}"),
    ("a PuTTY key", "PuTTY-User-Key-File-", r"PuTTY-User-Key-File-[0-9]"),
    ("a private key", "b3BlbnNzaC1rZXktdjE", r"b3BlbnNzaC1rZXktdjE"),
    ("a private key", "IBA", r"MII[A-Za-z0-9+/]{3,6}IBA(?:AKC|DANBgkqhkiG9w0BAQEFAASC)"),
    ("a private key", "LS0tLS1CRUdJTiB", r"LS0tLS1CRUdJTiB(?:QUklW|SU0Eg|PUEVO|FQyB|EU0Eg|FTkNS|QR1Ag)"),
    ("a service account", "InNlcnZpY2VfYWNjb3VudC", rf"{_B}{{8,40}}InNlcnZpY2VfYWNjb3VudC"),
    ("a JSON web token", "eyJ", rf"eyJ{_W}{{10,400}}+\.eyJ{_W}{{10}}"),
    ("a JSON web token", "ZXlK", rf"ZXlKa{_B}{{60}}"),
)
# The same, for patterns that begin anywhere; the group `value` may be a reference instead of a secret.
_Q = r"\\?['\"]"
_TO, _CODE = r"['\"]?\s{0,3}[:=]\s{0,3}['\"]?", "[A-Za-z0-9._~+/=:-]{8,}"
_ANYWHERE = (
    ("a private key", "PRIVATE KEY", r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY"),
    ("a service account", "service_account", r"['\"]?type\\?['\"]?\s{0,9}:\s{0,9}\\?['\"]service_account"),
    ("a Kaggle key", "username", rf"{_Q}username{_Q}\s?:\s?{_Q}[^'\"]{{1,80}}{_Q},\s?{_Q}key{_Q}\s?:\s?{_Q}{_H}{{32}}"),
    ("a Weights & Biases key", "wandb.login", rf"wandb\.login\(\s?(?:key=)?\\?['\"]{_H}{{40}}"),
    ("a bearer token", "earer", r"[Bb]earer[ :]+(?P<value>[A-Za-z0-9._~+/=-]{20,})"),
    ("an authorization", "uthorization", rf"[Aa]uthorization{_TO}(?:[A-Z][a-z]{{2,12}}|token|bot) (?P<value>{_CODE})"),
    ("a password in a URL", "://", r"://[^\s/:@'\"?#]{0,200}:(?P<value>[^\s/@'\"]{1,400})@"),
    ("a password", "word ", r"\blogin\s{1,3}\S{1,100}\s{1,3}password\s{1,3}(?P<value>\S{1,200})"),
    ("a password", "wd=", r"[;?&]\s?[Pp][Ww]d=(?P<value>[^;&\s'\"]{1,200})"),
    ("a password", "WD=", r"[;?&]\s?PWD=(?P<value>[^;&\s'\"]{1,200})"),
)  # fmt: skip
# The same as the first, for patterns that words fit, too: what follows must look random.
_RANDOM = (
    ("an API key", "sk-", r"sk-[A-Za-z0-9_-]{20,200}"),
    ("an API key", "sk_", r"sk_[A-Za-z0-9_]{24,200}"),
    ("an API key", "key", rf"(?:[a-z]{{1,8}}[_-])?(?:api)?key[_-]{_A}{{20,200}}"),
    ("a token", "tok", rf"(?:[a-z]{{1,8}}[_-])?tok(?:en)?[_-]{_A}{{20,200}}"),
    ("a token", "pat_", rf"(?:[a-z]{{1,8}}_)?pat_{_A}{{20,200}}"),
    ("a token", "secret", rf"(?:[a-z]{{1,8}}[_-])?secret[_-]{_A}{{20,200}}"),
    ("a Dropbox token", "sl.", rf"sl\.(?:u\.)?{_W}{{60}}"),
    ("a Scalingo token", "tk-us-", rf"tk-us-{_W}{{48}}"),
    ("a Render key", "rnd_", rf"rnd_{_A}{{28}}"),
    ("a Modal token", "k-", rf"w?[ak][ks]-{_A}{{22}}(?!{_A})"),
    ("a Modal token", "s-", rf"w?as-{_A}{{22}}(?!{_A})"),
    ("a Fireworks key", "fw_", rf"fw_{_A}{{22}}"),
    ("a Voyage key", "pa-", rf"pa-{_W}{{40}}"),
    ("a Resend key", "re_", rf"re_{_A}{{6,12}}_{_A}{{16}}"),
    ("a Vault token", "s.", rf"s\.{_A}{{24}}(?![\w.])"),
)
_TOKEN_IN_URL = ("a token in a URL", "://", r"://(?P<value>[^\s/:@'\"?#]{16,200})@")
SHORTEST = 8
_SHAPES = (
    *((what, sign, rf"(?<![A-Za-z0-9])(?:{form})", False) for what, sign, form in _PREFIXED),
    *((what, sign, form, False) for what, sign, form in _ANYWHERE),
    *((what, sign, rf"(?<![\w-]){form}", True) for what, sign, form in _RANDOM),
    (*_TOKEN_IN_URL, True),
)


class Shape(NamedTuple):
    """A part of a text with the form of a token: where it is, what it is, and the value that counts."""

    start: int
    end: int
    what: str
    value: str
    may_be_reference: bool


def possible_in(text: str) -> Sequence[int]:
    """Return which shapes a text, or any part of it, may contain, for find()."""
    # A character is found far faster than a sign, and most texts have few of the characters that tell signs apart.
    places = [place for character, places in _by_character().items() if character in text for place in places]
    return sorted(place for place in places if _SHAPES[place][1] in text)


def find(text: str, possible: Sequence[int] | None = None) -> Iterator[Shape]:
    """Yield everything in a text that has the form of a token, shape by shape.

    `possible` says which are tried, if possible_in() was asked about this text or a longer one that contains it.
    """
    if len(text) < SHORTEST:
        return
    for place in possible_in(text) if possible is None else possible:
        what, sign, _, must_be_random = _SHAPES[place]
        for match in _compiled(place).finditer(text) if sign in text else ():
            named = "value" in match.re.groupindex
            value = match["value"] if named else match[0]
            is_made_up = "example" in match[0].lower()
            if not is_made_up and not (must_be_random and not is_random(value)):
                yield Shape(*match.span("value" if named else 0), what, value, named)


@cache
def _by_character() -> Mapping[str, Sequence[int]]:
    """Map characters to the shapes whose signs contain them, each shape once: by the rarest character of its sign."""
    counts = Counter(character for _, sign, _, _ in _SHAPES for character in set(sign))
    found: dict[str, list[int]] = {}
    for place, (_, sign, _, _) in enumerate(_SHAPES):
        rarest = min(sign, key=lambda character: (character.isalnum() and character.islower(), counts[character]))
        found.setdefault(rarest, []).append(place)
    return found


@cache
def _compiled(place: int) -> re.Pattern[str]:
    return re.compile(_SHAPES[place][2])

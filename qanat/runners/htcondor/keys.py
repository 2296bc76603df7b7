"""The commands of the submit language, to find misspelt ones, which HTCondor itself takes for macros.

Source: condor_submit's manual page, and the commands that condor_submit 23.9 and the bindings 25.14 know.
"""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from qanat.domain.names import nearest
from qanat.runners.submitting.job_script import Stopping

_SET_BY_QANAT = """
    arguments args arguments2 executable log log_xml output out stdout error err stderr input in stdin queue
    initialdir initial_dir job_iwd batch_name transfer_executable stream_output stream_error
"""
_SUBMIT_COMMANDS = """
    accounting_group accounting_group_user allow_arguments_v1 allow_environment_v1 allowed_execute_duration
    allowed_job_duration append_files arch aws_access_key_id_file aws_region aws_secret_access_key_file batch_id
    batch_project buffer_block_size buffer_files buffer_size checkpoint_destination checkpoint_exit_code
    compress_files concurrency_limits concurrency_limits_expr container_image container_is_common
    container_service_names container_target_dir copy_to_spool core_size coresize cron_day_of_month
    cron_day_of_week cron_hour cron_minute cron_month cron_prep_time cron_window cuda_version deferral_prep_time
    deferral_time deferral_window description docker_image docker_network_type docker_override_entrypoint
    docker_pull_policy docker_send_credentials dont_encrypt_input_files dont_encrypt_output_files
    email_attributes encrypt_execute_directory encrypt_input_files encrypt_output_files env environment
    environment2 erase_output_and_error_on_restart fetch_files file_remaps get_env getenv
    gpus_maximum_capability gpus_minimum_capability gpus_minimum_memory gpus_minimum_runtime grid_resource
    gs_access_key_id_file gs_secret_access_key_file hold hold_kill_sig image_size jar_files java_vm_args
    java_vm_arguments job_ad_information_attrs job_lease_duration job_machine_attrs
    job_machine_attrs_history_length job_max_vacate_time jobset keep_claim_idle kill_sig kill_sig_timeout
    leave_in_queue load_profile local_files machine_count manifest manifest_dir match_list_length
    materialize_max_idle max_idle max_job_retirement_time max_materialize max_retries max_transfer_input_mb
    max_transfer_output_mb mount_under_scratch next_job_start_delay nice_user noop_job noop_job_exit_code
    noop_job_exit_signal notification notify_user on_exit_hold on_exit_hold_reason on_exit_hold_subcode
    on_exit_remove output_destination parallel_script_shadow periodic_hold periodic_hold_reason
    periodic_hold_subcode periodic_release periodic_remove periodic_vacate preferences preserve_relative_paths
    primary_unix_group prio priority public_input_files rank remote_initialdir remove_kill_sig request_cpus
    request_disk request_gpus request_memory require_gpus requirements retry_request_disk retry_request_memory
    retry_request_memory_increase retry_request_memory_max retry_until run_as_owner s3_access_key_id_file
    s3_secret_access_key_file scitokens_file should_transfer_files skip_filechecks skip_if_dataflow stack_size
    starter_debug starter_log stream_input submit_event_notes submit_event_user_notes success_exit_code
    suspend_job_at_exec tool_daemon_args tool_daemon_arguments tool_daemon_cmd tool_daemon_error
    tool_daemon_input tool_daemon_output transfer_checkpoint_files transfer_container transfer_error
    transfer_input transfer_input_files transfer_output transfer_output_files transfer_output_remaps
    transfer_plugins ulog_execute_attrs universe use_oauth_services use_scitoken use_scitokens use_x509userproxy
    vm_checkpoint vm_disk vm_macaddr vm_memory vm_networking vm_networking_type vm_no_output_vm vm_type vm_vcpus
    want_graceful_removal want_io_proxy want_job_networking when_to_transfer_output x509userproxy
"""

# The attribute that identifies a run's jobs.
INTENT = "QanatIntent"
# The attributes of a job's ad that HTCondor makes of what qanat sets, which +Name would replace.
_ATTRIBUTES_SET_BY_QANAT = f"""
    {INTENT} cmd args arguments out err in userlog iwd jobbatchname transferexecutable streamout streamerr
"""
_GETENV = ("getenv", "get_env")
_KILL_SIGNALS = ("kill_sig", "remove_kill_sig")
# The exit code after which HTCondor queues a job again, which no other end of a job then has.
AGAIN = 85
_REQUEUE = f"""\
if [ -n "$q_continues" ]; then q_status={AGAIN}; elif [ "$q_status" = {AGAIN} ]; then q_status=1; fi
"""
# With any of these, HTCondor looks at how a program ended and may run it again.
_AFTER_EXIT = frozenset({"checkpoint_exit_code", "max_retries", "retry_until", "on_exit_hold", "on_exit_remove"})
# Keys that qanat sets itself and a template must not set.
OWN = frozenset(_SET_BY_QANAT.split())
_OWN_ATTRIBUTES = frozenset(_ATTRIBUTES_SET_BY_QANAT.lower().split())
KNOWN = frozenset(_SUBMIT_COMMANDS.split())
_ATTRIBUTE = re.compile(r"(?:\+|my\.)([A-Za-z_][A-Za-z0-9_]*)\Z", re.IGNORECASE)
_CUSTOM_RESOURCE = re.compile(r"request_([a-z0-9_]+)\Z")
_COMMON_RESOURCES = ("cpus", "disk", "gpus", "memory", "mem", "ram", "cores")
_ALIKE = 0.8
_AMOUNTS = frozenset({"request_cpus", "request_disk", "request_gpus", "request_memory"})
_IMAGE = frozenset({"universe", "container_image"})
_WORD = re.compile(r"[A-Za-z_]\w*\Z")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"\Z')


def attribute_of(key: str) -> str | None:
    """Return the attribute that `+Name` or `My.Name` sets in a job's ad; None for any other key."""
    match = _ATTRIBUTE.match(key.strip())
    return match[1] if match else None


def key_problems(options: Mapping[str, Any]) -> list[str]:
    """List keys that qanat sets itself, and keys that HTCondor does not know and nothing refers to."""
    found = []
    for key in options:
        name, attribute = canonical_name(key), attribute_of(key)
        if attribute and attribute.lower() not in _OWN_ATTRIBUTES:
            continue
        if name in OWN or attribute:
            found.append(f"{key}: is set by qanat and cannot be in a template")
        elif name not in KNOWN and not _is_custom_resource(name) and not _is_referenced(name, options):
            close = nearest(name, KNOWN | {"+Name"})
            found.append(f"{key}: is not a submit command" + (f"; did you mean {' or '.join(close)}?" if close else ""))
    return found


def value_problems(options: Mapping[str, Any]) -> list[str]:
    """List values that HTCondor cannot hold, or silently misinterprets."""
    found = []
    for key, value in options.items():
        text = submit_value(key, value)
        if "\n" in text or "\r" in text:
            found.append(f"{key}: a value cannot contain a line break")
        elif canonical_name(key) in _AMOUNTS and _WORD.match(text):
            found.append(f"{key}: {text} is not a number, so HTCondor takes it for the name of an attribute")
    return found


def canonical_name(key: str) -> str:
    """Return HTCondor's name for a key, however it is spelled."""
    attribute = attribute_of(key)
    return f"my.{attribute}".lower() if attribute else key.strip().lower()


def image_in(options: Mapping[str, Any]) -> str | None:
    """Return the image of the container universe, empty if there is none yet; None for any other universe."""
    values = {canonical_name(key): str(value).strip() for key, value in options.items()}
    image = values.get("container_image", "")
    return image if image or values.get("universe", "").lower() == "container" else None


def without_image(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options without those that image_in() reads."""
    return without(options, _IMAGE)


def without(options: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return options without these keys, however they are spelled."""
    return {key: value for key, value in options.items() if canonical_name(key) not in names}


def value_of(options: Mapping[str, Any], name: str) -> str:
    """Return the value of a key in the submit language, however it is spelled; empty without it."""
    return next((submit_value(key, value) for key, value in options.items() if canonical_name(key) == name), "")


def decides_after_exit(options: Mapping[str, Any]) -> bool:
    """Return whether HTCondor looks at how a program ended and may run it again."""
    return any(canonical_name(key) in _AFTER_EXIT for key in options)


def again_problems(options: Mapping[str, Any]) -> list[str]:
    """List options by which HTCondor itself decides whether a job is queued again."""
    named = [key for key in options if canonical_name(key) in _AFTER_EXIT]
    return [f"{key}: has HTCondor decide whether a group continues" for key in named]


def stopping(options: Mapping[str, Any]) -> Stopping:
    """Return how HTCondor stops jobs: by SIGTERM to the script alone, or by the signals of the options."""
    values = [str(value).strip() for key, value in options.items() if canonical_name(key) in _KILL_SIGNALS]
    return Stopping(tuple(dict.fromkeys(["TERM", *filter(None, map(_signal_name, values))])), requeue=_REQUEUE)


def _signal_name(text: str) -> str:
    """Return a signal's name for `trap`; empty if this is not a signal, or is one that cannot be trapped."""
    try:
        number = (
            signal.Signals(int(text)) if text.isdigit() else signal.Signals[f"SIG{text.upper().removeprefix('SIG')}"]
        )
    except (ValueError, KeyError):
        return ""
    return "" if number in (signal.SIGKILL, signal.SIGSTOP) else number.name.removeprefix("SIG")


def _is_custom_resource(name: str) -> bool:
    """Return whether a key requests a resource defined by the pool; one similar to a common resource is misspelt."""
    import difflib  # 5 ms, and few templates need it

    match = _CUSTOM_RESOURCE.match(name)
    return match is not None and not difflib.get_close_matches(match[1], _COMMON_RESOURCES, 1, _ALIKE)


def _is_referenced(name: str, options: Mapping[str, Any]) -> bool:
    return any(f"$({name}" in str(value).lower() for value in options.values())


def submit_value(key: str, value: Any) -> str:
    """Return a template's value in the submit language.

    A bare string for `+Name` or `My.Name` becomes a string, as the user means it, where HTCondor would take it for an
    expression; `{expr: …}` is an expression. A list is joined by commas; true and false stay as they are.
    """
    if isinstance(value, dict):
        return str(value.get("expr", ""))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, str) and attribute_of(key) and not _QUOTED.match(value):
        # A backslash is special only before a quote.
        return '"' + value.replace('"', '\\"') + '"'
    return "" if value is None else str(value)


def submit_key(key: str) -> str:
    """Return a key in the submit language; `+Name` becomes `My.Name`, which the bindings accept in a mapping."""
    attribute = attribute_of(key)
    return f"My.{attribute}" if attribute else key.strip()


def intent_expression(intents: Iterable[str]) -> str:
    """Return an expression for jobs with one of these intents; whatever a record says remains a string."""
    strings = (json.dumps(intent, ensure_ascii=False) for intent in sorted(set(intents)))
    return " || ".join(f"{INTENT} == {string}" for string in strings)


def copies_everything(options: Mapping[str, Any]) -> bool:
    """Return whether the whole environment is copied into the jobs."""
    return any(canonical_name(k) in _GETENV and str(v).strip().lower() == "true" for k, v in options.items())


def warnings(options: Mapping[str, Any]) -> list[str]:
    """List what works but is better avoided."""
    if not copies_everything(options):
        return []
    return [
        "getenv: true copies your whole environment, secrets included, into the job's public description; "
        "name what the program needs instead: getenv: PATH, VIRTUAL_ENV, LD_LIBRARY_PATH"
    ]

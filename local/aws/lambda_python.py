"""Lambda functions run in subprocesses of one chosen interpreter, and their failures say what really failed.

ministack runs Python functions in a warm worker process with its own interpreter. Here every ``python3.x`` runtime uses
the interpreter of ``SLUICE_LAMBDA_PYTHON``; the worker reports the exception's type and stack as Lambda does
(``errorType``, ``errorMessage``, ``stackTrace``), stays warm after it, and marks the end of an
invocation's log, so nobody waits for lines that never come.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local.aws.patchpoints import PatchPointMissing

USES = {
    "ministack.core.lambda_runtime": (
        "_PYTHON_WORKER_SCRIPT",
        "_detect_runtime_binary",
        "Worker._drain_stderr_bounded",
        "Worker.invoke",
        "_signal",
        "_collect",
    ),
    "ministack.services.lambda_svc": ("_execute_function_warm",),
}

_END_OF_LOG = "\x1eend-of-invocation"

# Where the endpoint's own packages are found is no business of a function.
_PROLOGUE = """\
import os as _os, sys as _sys
_endpoint_paths = set(filter(None, _os.environ.pop("PYTHONPATH", "").split(_os.pathsep)))
_sys.path[:] = [p for p in _sys.path if p not in _endpoint_paths]
"""

_FAILURE = '{"status": "error", "error": str(e), "trace": traceback.format_exc()}'
# Told as a result, because ministack ends the process of a worker that tells an error; Lambda keeps it.
_REPORTED_FAILURE = (
    '{"status": "ok", "result": None, "failure": {"error": str(e), "trace": traceback.format_exc(),'
    ' "error_type": type(e).__name__, "stack": traceback.format_tb(e.__traceback__)[1:]}}'
)
_FLUSH = "        _real_stdout.flush()\n\nrun()"
_MARKED_FLUSH = f'        sys.stderr.write("{_END_OF_LOG}\\n")\n        sys.stderr.flush()\n{_FLUSH}'

_failure = threading.local()


def worker_script(script: str) -> str:
    """ministack's worker script with our reports in it.

    Raises
    ------
    PatchPointMissing
        When the script is not the one this was written for.
    """
    for expected in (_FAILURE, _FLUSH):
        if script.count(expected) != 1:
            raise PatchPointMissing(
                f"ministack.core.lambda_runtime._PYTHON_WORKER_SCRIPT has no {expected!r}; install ministack 1.5.33"
            )
    return _PROLOGUE + script.replace(_FAILURE, _REPORTED_FAILURE).replace(_FLUSH, _MARKED_FLUSH)


def _drain(worker: Any, *_: float) -> str:
    """Log lines of the invocation that just ended, up to its end mark."""
    lines: list[str] = []
    deadline = time.monotonic() + 1.0
    while (left := deadline - time.monotonic()) > 0:
        try:
            line = worker._stderr_queue.get(timeout=left)
        except queue.Empty:
            break
        if line.endswith(_END_OF_LOG):
            lines.append(line.removesuffix(_END_OF_LOG))
            break
        lines.append(line)
    return "\n".join(filter(None, lines))


def _invoke(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def invoke(worker: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        result = original(worker, *args, **kwargs)
        failure = result.pop("failure", None)
        _failure.report = None
        if failure:
            result.update(status="error", error=failure["error"], trace=failure["trace"])
            _failure.report = {
                "errorMessage": failure["error"],
                "errorType": failure["error_type"],
                "requestId": args[1] if len(args) > 1 else kwargs.get("request_id", ""),
                "stackTrace": failure["stack"],
            }
        return result

    return invoke


def _execute(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def execute(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        if not func.get("code_zip"):
            name = (func.get("config") or func).get("FunctionName")
            message = f"function {name} has no code; deploy it before it is invoked"
            return {"error": True, "log": "", "body": {"errorType": "Runtime.NoCode", "errorMessage": message}}
        _failure.report = None
        result = original(func, event, request_id)
        if result.get("error") and _failure.report:
            result["body"] = _failure.report
        return result

    return execute


def install(python: str) -> None:
    """Run functions with the interpreter ``python``."""
    script = worker_script(lambda_runtime._PYTHON_WORKER_SCRIPT)
    detect = lambda_runtime._detect_runtime_binary
    lambda_runtime._detect_runtime_binary = lambda runtime: (
        (python, script) if runtime.startswith("python3.") else detect(runtime)
    )
    lambda_runtime.Worker._drain_stderr_bounded = _drain
    lambda_runtime.Worker.invoke = _invoke(lambda_runtime.Worker.invoke)
    lambda_svc._execute_function_warm = _execute(lambda_svc._execute_function_warm)

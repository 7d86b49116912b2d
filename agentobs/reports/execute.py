"""The process of one report: papermill, then HTML. Reads its task from stdin, answers in lines of JSON on stdout."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

START_TIMEOUT_S = 90


def main() -> None:
    """Run the task on stdin; the last line written is {} or {"error": ...}."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is not an answer

    def say(**message: object) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    scratch = Path(os.environ["AGENTOBS_REPORT_SCRATCH"])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that papermill ends its kernel on the way out
    task = json.loads(sys.stdin.read())
    _kernel(scratch)
    error = _executed(task, say)
    if error is None:
        from agentobs.reports.export import write

        say(done=1, total=1, what="writing HTML")
        write(Path(task["partial"]), Path(task["html"]))
    say(**({} if error is None else {"error": error}))


def _kernel(scratch: Path) -> None:
    """Declare the kernel python3 as this very interpreter, whatever else is installed under that name."""
    folder = scratch / "kernels_here" / "kernels" / "python3"
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec), "utf-8")


def _executed(task: dict[str, Any], say: Any) -> str | None:
    """Run the notebook; return None, or which cell failed and why."""
    import papermill
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    cells = json.loads(Path(task["source"]).read_text("utf-8"))["cells"]
    total = sum(cell["cell_type"] == "code" for cell in cells) + bool(task["parameters"])
    running = [0]

    def started(cell: Any, cell_index: int) -> None:
        say(done=running[0], total=total, what=f"cell {running[0] + 1} of {total}")
        running[0] += 1

    try:
        papermill.execute_notebook(
            task["source"],
            task["partial"],
            parameters=task["parameters"],
            kernel_name="python3",
            progress_bar=False,
            start_timeout=START_TIMEOUT_S,
            execution_timeout=task["cell_timeout_s"],
            on_cell_execute=started,
        )
    except PapermillExecutionError as error:
        return f"in cell {error.exec_count}: {error.ename}: {error.evalue}"
    except CellTimeoutError:
        return f"in cell {running[0]}: it took longer than {task['cell_timeout_s']} s"
    except DeadKernelError:
        return f"in cell {running[0]}: its kernel died"
    except (NoSuchKernel, RuntimeError) as error:
        return f"before its first cell: its kernel did not start: {error}"
    return None


if __name__ == "__main__":
    main()

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::000000000000:role/test"
FINAL = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT"}

SCRIPT = """
import sys, time, boto3
import helper
arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
print("arguments", sorted(arguments))
print("a note", file=sys.stderr)
if arguments["--mode"] == "fail":
    raise ValueError("no such day")
if arguments["--mode"] == "sleep":
    time.sleep(60)
body = f"{helper.greeting()} {arguments['--day']} {arguments['--JOB_NAME']} {arguments['--JOB_RUN_ID']}"
boto3.client("s3").put_object(Bucket="artifacts", Key="result", Body=body.encode())
"""


@pytest.fixture(scope="module")
def glue(aws):
    aws("s3").create_bucket(Bucket="artifacts")
    aws("s3").put_object(Bucket="artifacts", Key="jobs/job.py", Body=SCRIPT.encode())
    aws("s3").put_object(Bucket="artifacts", Key="libs/helper.py", Body=b"def greeting(): return 'hello'\n")
    for name in ("job", "other"):
        aws("glue").create_job(
            Name=name,
            Role=ROLE,
            Command={"Name": "glueetl", "ScriptLocation": "s3://artifacts/jobs/job.py"},
            DefaultArguments={"--extra-py-files": "s3://artifacts/libs/helper.py", "--mode": "ok", "--day": "default"},
            GlueVersion="5.1",
            ExecutionProperty={"MaxConcurrentRuns": 1},
        )
    return aws("glue")


@pytest.fixture(scope="module")
def finished(glue, until):
    def wait(run_id: str, job: str = "job") -> dict:
        def final() -> dict | None:
            run = glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]
            return run if run["JobRunState"] in FINAL else None

        return until(final, 15, f"run {run_id} ends")

    return wait


def lines(aws, kind: str, run_id: str) -> list[str]:
    events = aws("logs").get_log_events(logGroupName=f"/aws-glue/jobs/{kind}", logStreamName=run_id)["events"]
    return [e["message"] for e in events]


def test_a_run_executes_the_script_with_merged_arguments_and_its_libraries(aws, glue, finished) -> None:
    run_id = glue.start_job_run(JobName="job", Arguments={"--day": "2026-11-22"})["JobRunId"]
    run = finished(run_id)
    assert run["JobRunState"] == "SUCCEEDED", run
    assert run["LogGroupName"] == "/aws-glue/jobs"
    result = aws("s3").get_object(Bucket="artifacts", Key="result")["Body"].read().decode()
    assert result == f"hello 2026-11-22 job {run_id}"
    assert "--JOB_RUN_ID" in lines(aws, "output", run_id)[0]
    assert lines(aws, "error", run_id) == ["a note"]


def test_a_failure_carries_the_error_of_the_script(aws, glue, finished) -> None:
    run_id = glue.start_job_run(JobName="job", Arguments={"--mode": "fail"})["JobRunId"]
    run = finished(run_id)
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "ValueError: no such day")
    assert any("Traceback" in line for line in lines(aws, "error", run_id))
    assert next(r["Id"] for r in glue.get_job_runs(JobName="job")["JobRuns"]) == run_id, "newest first"


def test_a_missing_script_fails_the_run_and_names_it(glue, finished) -> None:
    command = {"Name": "glueetl", "ScriptLocation": "s3://artifacts/jobs/none.py"}
    glue.create_job(Name="scriptless", Role=ROLE, Command=command)
    run = finished(glue.start_job_run(JobName="scriptless")["JobRunId"], "scriptless")
    assert run["JobRunState"] == "FAILED"
    assert "s3://artifacts/jobs/none.py" in run["ErrorMessage"]


def test_no_more_runs_at_a_time_than_the_job_allows_and_a_run_can_be_stopped(glue, finished, until) -> None:
    first = glue.start_job_run(JobName="other", Arguments={"--mode": "sleep"})["JobRunId"]
    with pytest.raises(ClientError) as refusal:
        glue.start_job_run(JobName="other")
    assert refusal.value.response["Error"]["Code"] == "ConcurrentRunsExceededException"
    state = lambda: glue.get_job_run(JobName="other", RunId=first)["JobRun"]["JobRunState"]  # noqa: E731
    until(lambda: state() == "RUNNING", 10, "it runs")
    stop = glue.batch_stop_job_run(JobName="other", JobRunIds=[first, "jr_none"])
    assert [s["JobRunId"] for s in stop["SuccessfulSubmissions"]] == [first]
    assert stop["Errors"][0]["ErrorDetail"]["ErrorCode"] == "EntityNotFoundException"
    assert finished(first, "other")["JobRunState"] == "STOPPED"
    again = glue.start_job_run(JobName="other")["JobRunId"]
    assert finished(again, "other")["JobRunState"] == "SUCCEEDED"


def test_a_run_that_was_under_way_at_a_kill_is_failed_with_the_reason(server, glue, until) -> None:
    run_id = glue.start_job_run(JobName="job", Arguments={"--mode": "sleep"})["JobRunId"]
    until(lambda: glue.get_job_run(JobName="job", RunId=run_id)["JobRun"]["JobRunState"] == "RUNNING", 10, "it runs")
    server.kill()
    server.start()
    run = glue.get_job_run(JobName="job", RunId=run_id)["JobRun"]
    assert run["JobRunState"] == "FAILED"
    assert "interrupted" in run["ErrorMessage"]

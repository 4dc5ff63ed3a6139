"""A schedule says to cron, systemd and GitHub, in each one's own quoting, exactly what a person would have typed."""

import configparser
import re
import shlex
import subprocess
import sys

import pytest
import yaml

from mentorwatch.scheduling import Schedule, ScheduleError, cron, github, systemd
from tests.running import ROOT, mentorwatch

AWKWARD = ("--contact=me & 'you' 100 % of \"$HOME\" \\ `id` ; #x", "--sample=england")
MADE = Schedule("month", AWKWARD, ("--max-age-days=40",))


def unquoted(line):
    """The words of an ExecStart, as systemd.service(5) takes it apart."""
    return shlex.split(re.sub(r"\$\$", "$", line).replace("%%", "%"), posix=True)


@pytest.mark.services
def test_units_pass_systemds_own_check_and_say_what_was_asked(tmp_path):
    for every in ("month", "week", "day"):
        units = systemd(Schedule(every, AWKWARD, ("--max-age-days=40",)))
        for name, text in units.items():
            (tmp_path / name).write_text(text)
        paths = [str(tmp_path / name) for name in units]
        checked = subprocess.run(
            ["systemd-analyze", "--man=no", "verify", *paths], capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stderr
        assert "mentorwatch" not in checked.stderr, checked.stderr
        timer = configparser.ConfigParser(interpolation=None)
        timer.read_string(units["mentorwatch.timer"])
        when = subprocess.run(
            ["systemd-analyze", "calendar", "--iterations=3", timer["Timer"]["OnCalendar"]],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert when.count("03:17:00") >= 3
        service = configparser.ConfigParser(interpolation=None)
        service.optionxform = str
        service.read_string(units["mentorwatch.service"])
        asked = [sys.executable, "-m", "mentorwatch", "run", *AWKWARD]
        assert unquoted(service["Service"]["ExecStart"]) == asked
        assert service["Service"]["WorkingDirectory"] == str(ROOT)


def cron_commands(text):
    """What cron would run: its five fields, and the command with bare % cut off and \\% taken for % (crontab(5))."""
    for line in text.splitlines():
        fields = line.split(" ", 5)
        assert all(re.fullmatch(r"\*|\d+", field) for field in fields[:5]), line
        command = re.split(r"(?<!\\)%", fields[5])[0].replace("\\%", "%")
        yield fields[:5], command


def test_cron_lines_run_what_was_asked(tmp_path):
    """Run as cron does, by /bin/sh, with a program in place of ours that says how it was called."""
    said = tmp_path / "said"
    program = f'import sys; open({str(said)!r}, "w").write(chr(10).join(sys.argv[1:])); sys.exit(7)'
    (when, command), (_, check) = cron_commands(cron(MADE))
    assert when == ["17", "3", "1", "*", "*"]
    assert "status --max-age-days=40" in check
    stub = tmp_path / "stub.py"
    stub.write_text(program)
    ran = subprocess.run(
        ["/bin/sh", "-c", command.replace("-m mentorwatch", str(stub))], capture_output=True, text=True, check=False
    )
    assert said.read_text().split("\n") == ["run", *AWKWARD]
    assert ran.returncode == 7, "cron hears of it"
    assert "exit code 7" in ran.stdout, "and mails it"


def test_a_cron_line_is_quiet_about_what_went_well(tmp_path):
    stub = tmp_path / "stub.py"
    stub.write_text("print('all is well')")
    (_, command), _ = cron_commands(cron(MADE))
    ran = subprocess.run(
        ["/bin/sh", "-c", command.replace("-m mentorwatch", str(stub))], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "")


def test_the_workflow_is_yaml_that_runs_what_was_asked():
    flow = yaml.safe_load(github(MADE))
    assert flow[True]["schedule"] == [{"cron": "17 3 1 * *"}]  # YAML 1.1 takes `on` for true; GitHub does not
    steps = {step.get("name", step.get("uses", "")): step for step in flow["jobs"]["run"]["steps"]}
    assert shlex.split(steps["Run"]["run"]) == ["mentorwatch", "run", *AWKWARD]
    assert shlex.split(steps["Check"]["run"]) == ["mentorwatch", "status", "--max-age-days=40"]
    assert steps["Keep the record"]["if"] == "always()"
    assert steps["Keep the record"]["with"]["retention-days"] > 31, "longer than to the next run"


@pytest.mark.parametrize("hostile", ["--contact=a\nb", "--contact=a\x00b"])
def test_what_would_break_out_of_its_line_is_refused(hostile):
    with pytest.raises(ScheduleError, match="control characters"):
        Schedule("month", (hostile,), ())


def test_githubs_own_expressions_are_refused():
    with pytest.raises(ScheduleError, match="expression"):
        github(Schedule("month", ("--contact=${{ secrets.KEY }}",), ()))


def test_the_command_writes_units_with_the_options_given(tmp_path):
    record = f"sqlite:///{tmp_path / 'a record.db'}"
    asked = ["--every=week", "--systemd", "--authority=kent", "--contact=you@example.org", f"--record={record}"]
    done = mentorwatch("schedule", *asked, "-o", str(tmp_path / "units"))
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "units").iterdir()} == {
        f"mentorwatch{check}.{kind}" for check in ("", "-check") for kind in ("service", "timer")
    }
    service = (tmp_path / "units" / "mentorwatch.service").read_text()
    assert f'"--record={record}"' in service
    assert "--authority=kent" in service


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (["--cron", "--systemd", "--contact=x"], "one of --systemd, --cron and --github"),
        (["--cron"], "--contact"),
        (["--cron", "--contact=x", "--every=year"], "month, week or day"),
        (["--cron", "--contact=x", "--record=postgresql://me:secret@host/name"], ".pgpass"),
        (["--cron", "--contact=x", "--record=postgresql:/me:secret@host/name"], "is not a database URL"),
        (["--cron", "--contact=x", "--record=postgresql://me:secret@host:port/name"], "is not a database URL"),
    ],
)
def test_what_cannot_be_scheduled_is_said(wrong, says):
    done = mentorwatch("schedule", *wrong)
    assert done.returncode == 2
    assert says in done.stderr
    assert "secret" not in done.stdout + done.stderr

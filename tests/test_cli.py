"""The `webcare` command, each test a process of its own as a person or a script would start it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from webcare import __version__
from webcare.cli import main
from webcare.sandbox.server import Sandbox
from webcare.settings import secret_variable

ROOT = Path(__file__).parents[1]


def webcare(
    folder: Path, *arguments: str, stdin: bytes = b"", **environment: str
) -> "subprocess.CompletedProcess[bytes]":
    env = {key: value for key, value in os.environ.items() if not key.startswith("WEBCARE_")} | environment
    command = [sys.executable, "-m", "webcare.cli", *arguments]
    env["PYTHONPATH"] = str(ROOT)
    return subprocess.run(command, cwd=folder, env=env, input=stdin, capture_output=True, timeout=120)


def rows(output: bytes) -> list[dict]:
    return [json.loads(line) for line in output.decode().splitlines()]


# --- what every command shares ---------------------------------------------------------------------


def test_version_is_told_without_loading_anything_heavy(tmp_path):
    code = (
        "import sys; from webcare.cli import main\n"
        "try: main(['--version'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'streamlit', 'sqlalchemy', 'pydantic', 'numpy', 'apscheduler'}\n"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"webcare {__version__}\n")


@pytest.mark.parametrize(
    "command", ["init", "demo", "run", "poll", "triage", "guard", "doctor", "db", "train", "evaluate"]
)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: webcare {command}" in capsys.readouterr().out


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_that_is_none_is_refused_in_words(port, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["run", "--port", port])
    assert ended.value.code == 2
    assert "is not a port; write a number from 1 to 65535" in capsys.readouterr().err


def test_an_error_of_the_desk_is_one_line_and_exit_code_2(tmp_path):
    (tmp_path / "webcare.toml").write_text("[delivery]\nundo = 5\n")
    done = webcare(tmp_path, "init")
    assert done.returncode == 2
    assert done.stderr.decode().strip().splitlines() == [
        "webcare: the settings in webcare.toml or the environment cannot be used: delivery.undo: unknown option"
    ]


def test_a_settings_file_that_was_named_is_the_one_that_is_read(tmp_path):
    other = tmp_path / "elsewhere" / "desk.toml"
    other.parent.mkdir()
    other.write_text(f'[desk]\ndata_dir = "{tmp_path / "there"}"\n')
    done = webcare(tmp_path, "--config", str(other), "init")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "there" / "webcare.db").exists()


def test_a_fault_of_ours_is_written_to_a_private_file_and_not_to_the_screen(tmp_path, monkeypatch, capsys):
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)

    def broken(options):
        raise ValueError("Mijn naam is Jansen")

    monkeypatch.setattr("webcare.cli.database.run", broken)
    assert main(["db", "upgrade"]) == 3
    told = capsys.readouterr().err
    path = tmp_path / "data" / "webcare-faults.log"
    assert told == f"webcare: a fault of ours; the details are in {path}\n"
    assert "ValueError: Mijn naam is Jansen" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


# --- init and db -----------------------------------------------------------------------------------


def test_init_makes_the_desk_and_a_second_time_changes_nothing(tmp_path):
    first = webcare(tmp_path, "init", "--username", "Ada", "--name", "Ada Holm").stdout.decode()
    assert f"Database: {tmp_path / 'data' / 'webcare.db'}, at version" in first
    assert "Accounts: 0 (none yet" in first
    assert "administrator Ada added, with the password" in first
    second = webcare(tmp_path, "init")
    assert second.returncode == 0
    assert "Colleagues: there already" in second.stdout.decode()
    taken = webcare(tmp_path, "init", "--username", "ada")
    assert taken.returncode == 2
    assert "There already is a colleague with the user name ada" in taken.stderr.decode()


def test_init_without_a_person_to_ask_says_how_to_add_one(tmp_path):
    done = webcare(tmp_path, "init")
    assert done.returncode == 0
    assert "nobody can sign in; run `webcare init --username NAME`" in done.stdout.decode()


def test_public_demo_passwords_are_refused_where_real_accounts_are(tmp_path):
    (tmp_path / "webcare.toml").write_text('[accounts.x_main]\nchannel = "x"\nexternal_id = "1"\n')
    done = webcare(tmp_path, "init", "--demo")
    assert done.returncode == 2
    assert "x_main can post to the real network" in done.stderr.decode()


@pytest.mark.parametrize("command", [["db", "upgrade"], ["init"]])
def test_a_data_folder_that_is_a_file_is_told(tmp_path, command):
    (tmp_path / "data").write_text("not a folder")
    done = webcare(tmp_path, *command)
    assert done.returncode == 2
    assert done.stderr.decode().count("\n") == 1
    assert "data" in done.stderr.decode()


# --- triage and guard ------------------------------------------------------------------------------


def test_triage_answers_every_line_in_order_and_a_bad_one_stops_nothing(tmp_path):
    lines = [
        b'{"id": "a", "text": "Mijn kast is kapot aangekomen, wat nu?"}',
        b"not json",
        b'{"id": "b", "text": "\xff"}',
        '{"id": 3, "text": "Tack för snabb hjälp!", "lang": "sv"}'.encode(),
    ]
    done = webcare(tmp_path, "triage", "--json", stdin=b"\n".join(lines) + b"\n", WEBCARE_TRIAGE__ENGINE="keywords")
    assert done.returncode == 0, done.stderr
    first, bad, broken, last = rows(done.stdout)
    assert set(first) >= {
        "id", "language", "sentiment", "urgency", "topic", "needs_reply", "route", "confidence", "reason",
    }  # fmt: skip
    assert (first["id"], first["language"], last["id"], last["language"]) == ("a", "nl", 3, "sv")
    assert (bad["line"], broken["line"]) == (2, 3)
    assert "not valid JSON" in bad["error"]
    assert "not UTF-8" in broken["error"]
    assert done.stderr == b""


def test_guard_answers_every_line_by_the_rule_of_its_network(tmp_path):
    note = "Interne afspraak: deze klant krijgt nooit korting volgens Petra van financien."
    lines = [
        {"id": 1, "lang": "nl", "mention": "Waar blijft mijn kast?", "notes": [note], "draft": note},
        {"id": 2, "lang": "nl", "mention": "Hoi", "notes": [], "draft": "Wat fijn om te horen!", "channel": "x"},
        {"id": 3, "lang": "en", "mention": "Hi", "notes": [], "draft": "a" * 300, "channel": "x"},
        {"id": 4, "lang": "en", "mention": "Hi", "notes": [], "draft": "Fine.", "channel": "pigeon"},
    ]
    stdin = "".join(json.dumps(line) + "\n" for line in lines).encode()
    done = webcare(tmp_path, "guard", "--json", stdin=stdin)
    assert done.returncode == 0, done.stderr
    leak, fine, long, nowhere = rows(done.stdout)
    assert (leak["verdict"], fine["verdict"], long["verdict"]) == ("block", "pass", "block")
    assert leak["findings"][0].keys() == {"check", "reason", "level", "start", "end", "message"}
    assert "too_long" in {finding["reason"] for finding in long["findings"]}
    assert nowhere["line"] == 4
    assert "pigeon" in nowhere["error"]


def test_guard_loses_no_line_whatever_the_others_hold(tmp_path):
    good = {"lang": "nl", "mention": "Hoi", "notes": [], "channel": "x"}
    lines = [
        json.dumps({**good, "id": 1, "draft": "Wat fijn om te horen!"}).encode(),
        b'{"id": "broken',
        b"\xff\xfe no text",
        json.dumps({**good, "id": 4, "draft": None}).encode(),
        json.dumps({**good, "id": 5, "draft": "half \ud83d"}).encode(),  # half a character
        json.dumps({**good, "id": 6, "draft": "lang " * 40_000}).encode(),
        json.dumps({**good, "id": 7, "draft": "Tot ziens!"}).encode(),
    ]
    done = webcare(tmp_path, "guard", "--json", "--no-model", stdin=b"\n".join(lines))
    assert done.returncode == 0, done.stderr
    answers = rows(done.stdout)
    assert [answer.get("line", answer.get("id")) for answer in answers] == [1, 2, 3, 4, 5, 6, 7]
    assert [("error" in answer) for answer in answers] == [False, True, True, True, False, False, False]
    assert all("said_again" in str(answer["missing"]) or "note_like" in str(answer["missing"])
               for answer in answers if "error" not in answer)  # fmt: skip


def test_guard_reads_the_brands_own_rules_and_tells_what_is_wrong_with_them(tmp_path):
    (tmp_path / "brand.toml").write_text('queues = ["finance-nl"]\n')
    line = json.dumps({"id": 1, "lang": "nl", "mention": "", "notes": [], "draft": "Ik zet dit door naar finance-nl."})
    done = webcare(tmp_path, "guard", "--json", "--brand", "brand.toml", stdin=line.encode())
    assert rows(done.stdout)[0]["verdict"] != "pass"
    (tmp_path / "brand.toml").write_text("queus = []\n")
    refused = webcare(tmp_path, "guard", "--json", "--brand", "brand.toml", stdin=line.encode())
    assert refused.returncode == 2
    assert "unknown key 'queus'" in refused.stderr.decode()


@pytest.mark.parametrize("command", ["triage", "guard"])
def test_no_lines_give_no_answers(tmp_path, command):
    done = webcare(tmp_path, command, "--json", WEBCARE_TRIAGE__ENGINE="keywords")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_reader_that_has_seen_enough_ends_it_quietly(tmp_path):
    line = b'{"id": 1, "lang": "en", "mention": "", "notes": [], "draft": "Fine, thank you for asking."}\n'
    (tmp_path / "lines").write_bytes(line * 20_000)
    shell = f'"{sys.executable}" -m webcare.cli guard --json < lines 2> told | head -n 1 > out; echo ${{PIPESTATUS[0]}}'
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", shell], cwd=tmp_path, env=env, capture_output=True, timeout=120)
    assert done.stdout == b"0\n"
    assert rows((tmp_path / "out").read_bytes())[0]["verdict"] == "pass"
    assert (tmp_path / "told").read_text() == ""


# --- poll and doctor, on the sandbox networks -------------------------------------------------------


@pytest.fixture
def box():
    with Sandbox() as running:
        yield running


@pytest.fixture
def initialise(tmp_path, monkeypatch):
    """`webcare init` in this process: what it does as a process of its own is shown above."""

    def make(secrets: dict[str, str], *arguments: str) -> None:
        with monkeypatch.context() as there:
            there.chdir(tmp_path)
            for name, value in secrets.items():
                there.setenv(name, value)
            assert main(["init", *arguments]) == 0

    return make


def configure(folder: Path, box: Sandbox, **options: object) -> dict[str, str]:
    """A settings file for the sandbox's X account; gives the environment with its secrets."""
    (folder / "webcare.toml").write_text(
        f'[accounts.x_hemlund]\nchannel = "x"\nexternal_id = "3300000001"\nhandle = "hemlund"\n'
        f'api_base = "{box.x_base}"\noptions = {{ backfill_min = 15 }}\n[triage]\nengine = "keywords"\n'
    )
    return {secret_variable("x_hemlund", name): value for name, value in box.credentials("x_hemlund").items()}


def test_poll_collects_what_is_there_and_says_how_much(tmp_path, box, initialise):
    secrets = configure(tmp_path, box)
    initialise(secrets)
    for text in ("@hemlund mijn kast is kapot", "@hemlund where is my order?"):
        box.world.post_x(text=text, author="sanne_v")
    done = webcare(tmp_path, "poll", "--once", **secrets)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"x_hemlund: 2 new\n", b"")
    again = webcare(tmp_path, "poll", "--once", "x_hemlund", **secrets)
    assert (again.returncode, again.stdout) == (0, b"x_hemlund: 0 new\n")


def test_poll_tells_what_the_network_refused_and_exits_1(tmp_path, box, initialise):
    secrets = configure(tmp_path, box)
    initialise(secrets)
    wrong = {**secrets, secret_variable("x_hemlund", "access_token_secret"): "not-the-one"}
    done = webcare(tmp_path, "poll", "--once", **wrong)
    assert done.returncode == 1
    assert done.stderr.decode().startswith("x_hemlund: ")
    assert "not-the-one" not in done.stderr.decode()


def test_poll_of_an_account_nobody_configured_is_refused(tmp_path, box, initialise):
    secrets = configure(tmp_path, box)
    initialise(secrets)
    done = webcare(tmp_path, "poll", "--once", "fb_other", **secrets)
    assert done.returncode == 2
    assert "there is no account fb_other in the settings; there are: x_hemlund" in done.stderr.decode()


def test_doctor_finds_nothing_to_mend_on_a_desk_that_is_right(tmp_path, box, initialise):
    secrets = configure(tmp_path, box)
    initialise(secrets, "--username", "ada")
    done = webcare(tmp_path, "doctor", **secrets)
    report = done.stdout.decode()
    assert done.returncode == 0, report
    assert "FAIL" not in report
    assert "account x_hemlund      signed in to x as" in report
    assert "WARN  jobs                   nobody runs them" in report
    assert not any(value in report for value in secrets.values())


def test_doctor_names_missing_secrets_by_variable_and_fails(tmp_path, box, initialise):
    secrets = configure(tmp_path, box)
    initialise(secrets, "--username", "ada")
    gone = secret_variable("x_hemlund", "api_secret")
    done = webcare(tmp_path, "doctor", **{name: value for name, value in secrets.items() if name != gone})
    report = done.stdout.decode()
    assert done.returncode == 1
    assert f"FAIL  account x_hemlund      secrets missing: {gone}" in report
    assert not any(value in report for value in secrets.values())


def test_doctor_tells_a_network_that_refuses_and_an_account_that_is_another(tmp_path, box, initialise):
    secrets = configure(tmp_path, box)
    initialise(secrets, "--username", "ada")
    wrong = {**secrets, secret_variable("x_hemlund", "access_token_secret"): "not-the-one"}
    report = webcare(tmp_path, "doctor", **wrong).stdout.decode()
    assert "FAIL  account x_hemlund" in report
    assert "set its secrets again" in report
    config = tmp_path / "webcare.toml"
    config.write_text(config.read_text().replace("3300000001", "3300000002"))
    report = webcare(tmp_path, "doctor", **secrets).stdout.decode()
    assert "belong to @hemlund (3300000001), not to the account 3300000002" in report
    assert "set external_id of [accounts.x_hemlund]" in report


def test_doctor_reaches_its_end_with_no_database_and_with_broken_settings(tmp_path):
    done = webcare(tmp_path, "doctor")
    report = done.stdout.decode()
    assert done.returncode == 1
    assert "FAIL  database" in report
    assert report.rstrip().splitlines()[-1].endswith("to know about.")
    (tmp_path / "webcare.toml").write_text("[desk\n")
    broken = webcare(tmp_path, "doctor")
    assert broken.returncode == 1
    assert "FAIL  settings               webcare.toml is not valid TOML" in broken.stdout.decode()


def test_doctor_shows_a_job_that_keeps_failing(tmp_path, box, initialise):
    secrets = configure(tmp_path, box)
    initialise(secrets, "--username", "ada")
    wrong = {**secrets, secret_variable("x_hemlund", "access_token_secret"): "not-the-one"}
    webcare(tmp_path, "poll", "--once", **wrong)
    with_lease = (
        "import time; from webcare.store import leases, open_store\n"
        "store = open_store('sqlite:///data/webcare.db')\n"
        "assert leases.acquire(store, 'leader:scheduler', ttl_s=120, holder='a test')\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", with_lease], cwd=tmp_path, env=env, check=True)
    report = webcare(tmp_path, "doctor", **secrets).stdout.decode()
    assert "OK    jobs                   a scheduler runs them" in report
    assert "WARN  job poll x_hemlund" in report

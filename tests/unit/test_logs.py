"""The log carries event names, ids and codes; content is dropped on its way, whoever wrote it (law 9)."""

import json
import logging
import sys

import pytest
import structlog

from services import logs
from services.settings import Log


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_json_lines_go_to_stderr(capsys):
    logs.configure(Log(format="json"))
    structlog.get_logger().info("mail_taken", mail="m1", size=3)
    structlog.get_logger().debug("too_small")
    (line,) = lines(capsys)
    assert {name: line[name] for name in ("event", "level", "mail", "size")} == {
        "event": "mail_taken",
        "level": "info",
        "mail": "m1",
        "size": 3,
    }


def test_law_9_content_is_dropped_and_told(capsys):
    logs.configure(Log(format="json"))
    structlog.get_logger().info("mail_taken", subject="hemmelig", name="Bo Borger", address="bo@example.net", mail="m1")
    (line,) = lines(capsys)
    assert line["dropped"] == ["address", "name", "subject"]
    assert "hemmelig" not in str(line)
    assert "bo@example.net" not in str(line)


def test_law_9_strict_logging_fails_instead():
    logs.configure(Log(format="json"), strict=True)
    with pytest.raises(logs.ContentInLog, match="mail_taken: fields body"):
        structlog.get_logger().info("mail_taken", body="hemmelig")


@pytest.mark.parametrize("form", ["json", "console"])
def test_law_9_exceptions_lose_their_words(capsys, form):
    logs.configure(Log(format=form))
    try:
        try:
            raise KeyError("bo@example.net")
        except KeyError as error:
            raise ValueError("hemmelig") from error
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("elsewhere").exception("failed too")
    written = capsys.readouterr().err
    assert "hemmelig" not in written
    assert "bo@example.net" not in written
    assert written.count("ValueError") == 2
    assert written.count("KeyError") == 2


def test_the_standard_librarys_logging_goes_the_same_way(capsys):
    logs.configure(Log(format="json"))
    logging.getLogger("elsewhere").warning("odd")
    logging.getLogger("elsewhere").info("fine")
    logging.getLogger("nats").info("chatter")
    assert [(line["event"], line["level"]) for line in lines(capsys)] == [("odd", "warning"), ("fine", "info")]


@pytest.mark.parametrize("name", ["mail.log", "mail.debug", "imapclient.imapclient"])
def test_law_9_libraries_that_write_content_are_silent(capsys, name):
    logs.configure(Log(format="json", level="debug"))
    logging.getLogger(name).error("MAIL FROM:<bo@example.net>")
    assert capsys.readouterr().err == ""


def test_auto_means_json_where_nobody_sits(capsys):
    assert not sys.stderr.isatty()
    logs.configure(Log())
    structlog.get_logger().info("started")
    assert lines(capsys)[0]["event"] == "started"

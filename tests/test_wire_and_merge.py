"""Events survive the way to the supervisor; what both halves see becomes one finding."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitfallcheck.finding import Evidence, Finding, Location
from pitfallcheck.merge import merge
from pitfallcheck.observe.channel import Receiver, Sender
from pitfallcheck.observe.events import Consumer, Event, Leaf, NotLooked, Place, Rewrite, SourceWatched
from pitfallcheck.observe.wire import decode, encode

EVENTS = st.from_type(Event)
GARBAGE = (b"{", b"\xff\xfe\x00", b"[]", b"3", b'{"event": "Nothing"}', b'{"event": "NotLooked"}', b"null", b"", b'"x"')


@given(EVENTS)
def test_an_event_is_the_same_behind_the_wire(event: Event) -> None:
    line = encode(event)
    assert "\n" not in line
    assert repr(decode(line)) == repr(event)
    assert type(decode(line)) is type(event)


def _note(number: int) -> NotLooked:
    return NotLooked(f"key {number}", "x", "ünïcode \udcff\n")


@given(st.lists(st.sampled_from(GARBAGE), max_size=4), st.integers(0, 3))
def test_what_is_damaged_on_the_way_does_not_take_the_rest_along(
    tmp_path_factory: pytest.TempPathFactory, garbage: list[bytes], where: int
) -> None:
    path = tmp_path_factory.mktemp("channel") / "events"
    sender, receiver = Sender(str(path)), Receiver(str(path))
    for number in range(4):
        if number == where:
            with path.open("ab") as file:
                file.write(b"".join(line + b"\n" for line in garbage))
        sender.send([_note(number)], number)
        receiver.read()
    assert receiver.events == [_note(number) for number in range(4)]
    assert receiver.state["batches"] == 3


@given(st.lists(EVENTS, max_size=4, unique_by=lambda event: event.key), st.lists(st.integers(1, 200), min_size=1))
def test_a_file_read_in_pieces_gives_every_event(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event], sizes: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("channel")
    Sender(str(folder / "whole")).send(events, 7)
    whole = (folder / "whole").read_bytes()
    receiver = Receiver(str(folder / "pieces"))
    assert not receiver.read()
    with (folder / "pieces").open("ab", buffering=0) as file:
        for size in [*sizes, len(whole)]:
            file.write(whole[:size])
            whole = whole[size:]
            receiver.read()
    assert repr(receiver.events) == repr(events)


def test_a_later_event_replaces_the_one_with_its_key(tmp_path: Path) -> None:
    sender, receiver = Sender(str(tmp_path / "events")), Receiver(str(tmp_path / "events"))
    sender.send([NotLooked("a", "x", "first"), NotLooked("b", "y", "other")], 1)
    sender.send([NotLooked("a", "x", "second")], 2)
    sender.tell(phase="done")
    receiver.read()
    assert [event.why for event in receiver.events if isinstance(event, NotLooked)] == ["second", "other"]
    assert receiver.state["phase"] == "done"


def test_a_channel_whose_folder_is_gone_is_no_error(tmp_path: Path) -> None:
    Sender(str(tmp_path / "gone" / "events")).send([NotLooked("a", "x", "y")], 1)
    assert not Receiver(str(tmp_path / "gone" / "events")).read()


READ = Finding(
    "PF101",
    "reused-buffer",
    "warning",
    Location("feed.py", 8, 15),
    "read",
    "copy it",
    subject="x",
    scope=(4, 9),
    evidence=(Evidence("allocated", "here", "feed.py", 5),),
)
MEASURED = replace(
    READ,
    level="error",
    message="measured",
    location=Location("feed.py", 8, 9),
    evidence=(Evidence("allocated", "there", "feed.py", 5), Evidence("measured", "9 of 10")),
    sources=("runtime",),
)


def test_one_fault_seen_twice_is_one_finding_with_both_evidences() -> None:
    (found,) = merge([READ], [MEASURED])
    assert found.sources == ("static", "runtime")
    assert (found.level, found.message, found.location) == ("error", "measured", READ.location)
    assert [fact.text for fact in found.evidence] == ["here", "9 of 10"]


OTHERS = {
    "another pitfall": replace(MEASURED, code="PF201"),
    "another file": replace(MEASURED, location=Location("other.py", 8, 9)),
    "another line, outside of the function": replace(MEASURED, location=Location("feed.py", 20, 9)),
    "another line, another name": replace(MEASURED, location=Location("feed.py", 7, 9), subject="y"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_two_faults_stay_two_findings(name: str) -> None:
    found = merge([READ], [OTHERS[name]])
    assert sorted(finding.sources for finding in found) == [("runtime",), ("static",)]


def test_the_same_name_on_another_line_of_the_function_is_the_same_fault() -> None:
    assert len(merge([READ], [replace(MEASURED, location=Location("feed.py", 6, 9))])) == 1


def test_a_hazard_is_as_grave_as_the_run_found_it_and_an_error_stays_one() -> None:
    harmless = replace(MEASURED, level="note")
    assert [finding.level for finding in merge([READ], [harmless])] == ["note"]
    assert [finding.level for finding in merge([replace(READ, level="error")], [harmless])] == ["error"]


def test_leaves_of_one_line_find_their_own_partners() -> None:
    static = [replace(READ, subject=name) for name in ("x", "y", "z")]
    measured = [replace(MEASURED, subject=name) for name in ("z", "x", "batch[1]")]
    found = merge(static, measured)
    assert sorted(finding.subject for finding in found) == ["x", "y", "z"]
    assert all(finding.sources == ("static", "runtime") for finding in found)


@given(
    st.lists(st.sampled_from([READ, *OTHERS.values()]), max_size=6),
    st.lists(st.sampled_from([MEASURED, *OTHERS.values()]), max_size=6),
)
def test_nothing_is_lost_and_nothing_invented(static: list[Finding], measured: list[Finding]) -> None:
    found = merge(static, measured)
    both = sum(len(finding.sources) > 1 for finding in found)
    assert len(found) == len(static) + len(measured) - both
    assert found == sorted(found, key=Finding.sort_key)


def test_the_events_of_this_test_are_of_the_kinds_there_are() -> None:
    place = Place("/a/b.py", 3, "f")
    rewrite = Rewrite(1, 2, 3, 4, 5, was="[1.]", became="[2.]")
    event = SourceWatched(
        "k", "generator", place, 3, (Leaf("x", (2, 1), "f8", by_producer=rewrite),), Consumer("program", at=place)
    )
    assert decode(encode(event)) == event

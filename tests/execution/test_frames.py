"""Whatever bytes a submission sends, the grader gets a reply or one of three named exceptions, in time."""

import contextlib
import json
import os
import socket
import struct
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.execution.frames import HEADER, Channel, Gone, Late, Malformed, pack, parse

JSON_BYTES, PAYLOAD_BYTES = 2000, 2000


@contextlib.contextmanager
def channel():
    """The trusted end, the submission's end, and the keeper's end."""
    data, theirs = socket.socketpair()
    alive, keeper = socket.socketpair()
    with data, theirs, alive, keeper:
        yield Channel(data, alive, JSON_BYTES, PAYLOAD_BYTES), theirs, keeper


def soon(seconds: float = 5.0) -> float:
    return time.monotonic() + seconds


@given(st.binary(max_size=5000), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_reply_or_a_named_exception(data, closed):
    with channel() as (trusted, theirs, _):
        theirs.sendall(data)
        if closed:
            theirs.close()
        try:
            message, payload = trusted.receive(soon(0.02))
        except (Late, Gone, Malformed):
            return
        assert isinstance(message, dict) and len(payload) <= PAYLOAD_BYTES


@given(st.binary(max_size=JSON_BYTES), st.binary(max_size=100))
@settings(max_examples=300, deadline=None)
def test_a_well_framed_body_is_a_reply_or_malformed(body, payload):
    with channel() as (trusted, theirs, _):
        theirs.sendall(HEADER.pack(len(body), len(payload)) + body + payload)
        try:
            message, received = trusted.receive(soon())
        except Malformed:
            return
        assert isinstance(message, dict) and received == payload


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON, max_size=4), st.binary(max_size=100))
@settings(max_examples=200, deadline=None)
def test_what_is_packed_arrives(message, payload):
    with channel() as (trusted, theirs, _):
        threading.Thread(target=theirs.sendall, args=(pack(message, payload),)).start()
        try:
            assert trusted.receive(soon()) == (message, payload)
        except Malformed:
            assert len(json.dumps(message)) > JSON_BYTES


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"1", b"null", b'{"a": NaN}', b'{"a": -Infinity}', b'{"a": 1e999}', b"\xff", b'{"a": ', b"{" * 1500],
    ids=["empty", "list", "number", "null", "nan", "infinity", "too-large", "not-utf8", "cut", "deep"],
)
def test_a_body_that_is_not_an_object_is_malformed(body):
    with pytest.raises(Malformed):
        parse(body)


def test_a_body_of_very_many_parts_is_malformed_before_it_is_parsed():
    with pytest.raises(Malformed, match="too many parts"):
        parse(b'{"a":[' + b"[]," * 2_000_000 + b"[]]}")


@pytest.mark.parametrize("lengths", [(JSON_BYTES + 1, 0), (2, PAYLOAD_BYTES + 1), (2**32 - 1, 2**32 - 1)])
def test_a_frame_beyond_the_caps_is_refused_before_it_is_read(lengths):
    with channel() as (trusted, theirs, _):
        theirs.sendall(struct.pack("!II", *lengths))
        with pytest.raises(Malformed, match="bytes of JSON"):
            trusted.receive(soon())


def test_one_deadline_holds_for_a_whole_reply_however_it_trickles():
    with channel() as (trusted, theirs, _):
        theirs.sendall(HEADER.pack(1000, 0))
        stop = threading.Event()

        def trickle():
            while not stop.wait(0.02):
                theirs.send(b" ")

        thread = threading.Thread(target=trickle)
        thread.start()
        began = time.monotonic()
        with pytest.raises(Late):
            trusted.receive(soon(0.3))
        stop.set()
        thread.join()
        assert time.monotonic() - began < 2


def test_the_end_of_the_keeper_ends_the_wait_even_when_the_data_socket_stays_open():
    with channel() as (trusted, _, keeper):
        keeper.send(b"report")
        with pytest.raises(Gone):
            trusted.receive(soon())


def test_what_was_said_before_the_end_is_still_read():
    with channel() as (trusted, theirs, keeper):
        theirs.sendall(pack({"said": True}))
        keeper.send(b"report")
        assert trusted.receive(soon()) == ({"said": True}, b"")


def test_a_submission_that_does_not_read_cannot_block_the_grader():
    with channel() as (trusted, _, _), pytest.raises(Late):
        trusted.send(pack({}, os.urandom(8 << 20)), soon(0.2))

"""Strangers with bad intentions, against the whole of it (SAFETY: poisoning, amplification, floods, wrong sources)."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dht.network import established
from torrentd.dht.answering.floods import IGNORED_FOR, MESSAGES
from torrentd.dht.budget import BURST, RATE
from torrentd.dht.commands import Command, Found, Send
from torrentd.dht.dht import Dht
from torrentd.dht.events import NodesKnown, Opened, Received, Search, Tick
from torrentd.model.address import Address
from torrentd.wire.dht.decode import decode_message
from torrentd.wire.dht.encode import encode_message
from torrentd.wire.dht.messages import Query, Response
from torrentd.wire.dht.nodes import NodeInfo

H, ID = b"h" * 20, b"i" * 20
HERE, NODE, OTHER = Address("10.0.0.1", 6881), Address("10.0.0.2", 5), Address("10.0.0.3", 5)


def make() -> Dht:
    dht = Dht(random.Random(1), random.Random(2), 0.0)
    dht.handle(Opened(HERE), 0.0)
    return dht


def sent(commands: list[Command]) -> list[Send]:
    return [command for command in commands if isinstance(command, Send)]


def searching() -> tuple[Dht, Query]:
    """A node that knows one other and asks it for peers."""
    dht = make()
    (join,) = sent(dht.handle(NodesKnown((NODE,)), 0.0))
    dht.handle(Received(response(join), NODE), 0.1)
    (asked,) = sent(dht.handle(Search(H, 6881), 0.2))
    assert asked.to == NODE
    return dht, decode_message(asked.data)


def response(to: Send | Query, **more: object) -> bytes:
    query = decode_message(to.data) if isinstance(to, Send) else to
    return encode_message(Response(query.transaction, ID, **more))


class TestAnswersToNothing:
    """Who does not see our queries cannot answer them."""

    def test_the_right_one(self):
        dht, query = searching()
        answer = response(query, values=(OTHER,), token=b"t")
        assert Found(H, (OTHER,)) in dht.handle(Received(answer, NODE), 0.3)

    def test_wrong_source(self):
        dht, query = searching()
        answer = response(query, values=(OTHER,), token=b"t")
        for source in (OTHER, NODE._replace(port=6), Address("8.8.8.8", 5)):
            assert dht.handle(Received(answer, source), 0.3) == []
        assert dht.status(0.3).searches == 1

    def test_wrong_transaction(self):
        dht, query = searching()
        for transaction in (b"x", query.transaction + b"x", bytes(4)):
            answer = encode_message(Response(transaction, ID, values=(OTHER,), token=b"t"))
            assert dht.handle(Received(answer, NODE), 0.3) == []
        assert dht.status(0.3).searches == 1

    def test_the_same_twice(self):
        dht, query = searching()
        answer = response(query, values=(OTHER,), token=b"t")
        dht.handle(Received(answer, NODE), 0.3)
        assert dht.handle(Received(answer, NODE), 0.4) == []


class TestNaming:
    def test_a_global_node_names_nobody_local(self):
        network, alive = established(20, seed=1)
        here, there = alive[:2]
        local = [NodeInfo(ID, Address(host, 5)) for host in ("127.0.0.1", "10.0.0.1", "192.168.1.1", "224.0.0.1")]

        def name(data: bytes, source: Address) -> bytes | None:
            query = decode_message(data)
            token = {"token": b"t", "values": tuple(info.address for info in local)}
            return response(query, nodes=tuple(local), **token) if isinstance(query, Query) else None

        network.liars = dict.fromkeys(alive[1:], name)
        asked: list[Address] = []
        send = network.send
        network.send = lambda to, data, source: (asked.append(to), send(to, data, source))[1]
        network.search(here, H)
        assert there in asked
        assert not {info.address for info in local} & set(asked)
        assert network.found(here) == set()

    def test_nobody_makes_us_ask_ourselves(self):
        dht, query = searching()
        nodes = (NodeInfo(dht.nodes[0].table.own_id, OTHER), NodeInfo(ID, HERE))
        assert sent(dht.handle(Received(response(query, nodes=nodes), NODE), 0.3)) == []

    def test_who_claims_our_id_is_not_taken_in(self):
        dht, query = searching()
        claim = encode_message(Response(query.transaction, dht.nodes[0].table.own_id, token=b"t"))
        dht.handle(Received(claim, NODE), 0.3)
        assert dht.nodes[0].table.find(NODE).id == ID
        asked = Query(b"tt", dht.nodes[0].table.own_id, "ping")
        assert dht.handle(Received(encode_message(asked), OTHER), 0.4) == []

    def test_forged_senders_do_not_get_into_the_table(self):
        dht = make()
        for number in range(200):
            query = encode_message(Query(b"tt", number.to_bytes(20, "big"), "ping"))
            dht.handle(Received(query, Address(f"9.8.{number}.7", 5)), 1.0)
        assert dht.status(1.0).nodes == 0


class TestAmplification:
    def test_no_answer_is_much_larger_than_its_query(self):
        network, alive = established(100, seed=2)
        node = network.node(alive[0])
        for number in range(100):
            node.store.add(H, Address(f"9.9.9.{number}", 5), False, network.now)
        for method in ("ping", "find_node", "get_peers", "sample_infohashes"):
            query = Query(b"t", ID, method, H, want=("n4", "n6"), scrape=method == "get_peers")
            data = encode_message(query if method != "ping" else query._replace(target=b""))
            (answer, *_) = sent(network.nodes[alive[0]].handle(Received(data, OTHER), network.now))
            assert len(answer.data) <= min(1000, 10 * len(data))

    def test_what_leaves_is_bounded_however_much_comes(self):
        dht, out, now = make(), 0, 0.0
        query = encode_message(Query(b"tt", ID, "get_peers", H))
        rng = random.Random(3)
        while now < 10.0:
            source = Address(f"{rng.randrange(20, 90)}.{rng.randrange(256)}.{rng.randrange(256)}.1", 5)
            out += sum(len(command.data) for command in sent(dht.handle(Received(query, source), now)))
            now += 0.001
        assert 9 * RATE <= out <= 10 * RATE + BURST + 1000


class TestFloods:
    def test_what_cannot_be_answered_is_not_read(self):
        """From ever new addresses; our own lookups go on."""
        dht, query = searching()
        flood = encode_message(Query(b"tt", ID, "find_node", H))
        for number in range(500):
            dht.handle(Received(flood, Address(f"20.{number // 250}.{number % 250}.1", 5)), 0.3)
        assert dht.status(0.3).dropped > 200
        answer = response(query, values=(OTHER,), token=b"t")
        assert Found(H, (OTHER,)) in dht.handle(Received(answer, NODE), 0.3)

    def test_who_sends_too_much_gets_nothing_for_five_minutes(self):
        dht = make()
        query = encode_message(Query(b"tt", ID, "ping"))
        answers = [len(sent(dht.handle(Received(query, NODE), number / 10))) for number in range(100)]
        assert all(answers[:MESSAGES])
        assert not any(answers[MESSAGES:])
        assert sent(dht.handle(Received(query, NODE._replace(port=99)), 200.0)) == []
        assert sent(dht.handle(Received(query, OTHER), 200.0)) != []
        assert sent(dht.handle(Received(query, NODE), 10.0 + IGNORED_FOR)) != []
        assert dht.status(400.0).dropped > 40

    def test_nonsense_counts(self):
        dht = make()
        for _ in range(MESSAGES + 1):
            dht.handle(Received(b"d nonsense", NODE), 1.0)
        assert sent(dht.handle(Received(encode_message(Query(b"tt", ID, "ping")), NODE), 2.0)) == []

    def test_answers_that_we_asked_for_do_not(self):
        dht, query = searching()
        for _ in range(MESSAGES):
            dht.handle(Received(encode_message(Query(b"tt", ID, "ping")), NODE), 0.3)
        answer = response(query, values=(OTHER,), token=b"t")
        assert Found(H, (OTHER,)) in dht.handle(Received(answer, NODE), 0.3)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=120), st.integers(0, 3)), max_size=30))
def test_noise_from_anywhere(datagrams):
    dht, query = searching()
    now = 1.0
    for data, kind in datagrams:
        shaped = [data, b"d1:ad2:id20:" + ID + data + b"e1:q4:ping1:t2:aa1:y1:qe"]
        shaped.append(b"d1:rd2:id20:" + ID + b"5:nodes" + str(len(data)).encode() + b":" + data + b"e1:t4:")
        shaped[2] += query.transaction + b"1:y1:re"
        shaped.append(b"d1:eli201e3:xxxe1:t4:" + query.transaction + b"1:y1:ee")
        dht.handle(Received(shaped[kind], NODE), now)
        now += 0.5
        dht.handle(Tick(), now)
    dht.handle(Tick(), now)
    assert dht.next_deadline() > now

"""A client by somebody who has read docs/protocol.md and nothing else.

    stranger.py http://HOST:PORT TOKEN COUNT

It makes a room, posts COUNT messages into it over a line that it cuts again and
again, and prints what it has seen of the room's log as one JSON object. It ends
with an error if an event is missing, comes twice or out of order.
"""

import asyncio
import json
import random
import secrets
import sys
import urllib.request

import websockets

PASSING = {"rate_limited", "store_unavailable", "storage_full"}


class Stranger:
    def __init__(self, base, token):
        self.base, self.token = base, token
        self.n = 0
        self.epoch = None
        self.room = None
        self.last = (0, "")  # the cursor: seq and id
        self.seen = []  # (seq, id, kind, key, text) in the order in which they were applied
        self.held = {}  # events above a hole
        self.outbox = {}  # key -> text, in order, until acknowledged
        self.acked = {}  # key -> seq
        self.waiting = {}  # n -> future
        self.resumed = 0
        self.doubled = 0

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            self.base + "/api/v1" + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer " + self.token, "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    # --- one connection ------------------------------------------------------

    async def connect(self):
        url = self.base.replace("http", "ws", 1) + "/api/v1/socket"
        self.socket = await websockets.connect(url, subprotocols=["minichat.v1"])
        if self.socket.subprotocol != "minichat.v1":
            raise SystemExit("the server chose the subprotocol %r" % self.socket.subprotocol)
        hello = {"type": "hello", "token": self.token, "device": "a stranger", "rooms": False}
        if self.epoch is not None:
            hello.update(epoch=self.epoch, cursors=[[self.room, *self.last]])
            self.resumed += 1
        self.waiting.clear()
        self.synced = asyncio.get_running_loop().create_future()
        self.reader = asyncio.ensure_future(self.read())
        welcome = await self.ask(hello)
        if welcome["type"] != "welcome" or welcome["v"] != 1:
            raise SystemExit("no welcome: %s" % welcome)
        if self.epoch is None:
            await self.ask({"type": "watch", "room": self.room, "after": 0})
        self.epoch = welcome["epoch"]
        await asyncio.wait_for(asyncio.wait({self.synced, self.reader}, return_when=asyncio.FIRST_COMPLETED), 10)

    async def read(self):
        try:
            async for data in self.socket:
                self.take(json.loads(data))
        except websockets.ConnectionClosed:
            pass
        for answer in self.waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionError("the line is cut"))

    async def ask(self, frame):
        self.n += 1
        answer = self.waiting[self.n] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda future: future.cancelled() or future.exception())
        await self.socket.send(json.dumps({**frame, "n": self.n}))
        return await asyncio.wait_for(answer, 10)

    def cut(self):
        self.socket.transport.abort()

    # --- what comes ----------------------------------------------------------

    def take(self, frame):
        kind = frame["type"]
        if kind == "event" and frame["room"] == self.room:
            self.apply(frame)
        elif kind == "events" and frame["room"] == self.room:
            for event in frame["list"]:
                self.apply(event)
        elif kind == "synced" and frame["room"] == self.room:
            self.synced.set_result(frame["head"])
        elif kind == "reset":
            raise SystemExit("an unexpected reset: %s" % frame)
        answer = self.waiting.pop(frame["n"], None) if "n" in frame else None
        if answer and not answer.done():
            answer.set_result(frame)

    def apply(self, event):
        """Rule 4: in order, each once; what is above a hole waits for a pull."""
        if event["seq"] <= self.last[0]:
            self.doubled += 1
            return
        self.held[event["seq"]] = event
        while self.last[0] + 1 in self.held:
            event = self.held.pop(self.last[0] + 1)
            self.last = (event["seq"], event["id"])
            self.seen.append((event["seq"], event["id"], event["kind"], event.get("key"), event["body"].get("text")))

    async def catch_up(self):
        """Rules 4 and 5: pull until the cursor is at the head."""
        while True:
            heads = dict((await self.ask({"type": "ping"}))["heads"])
            if heads[self.room] <= self.last[0]:
                return
            await self.ask({"type": "pull", "room": self.room, "after": self.last[0], "limit": 7})

    # --- what it does --------------------------------------------------------

    async def flush(self):
        """Rule 1: one post in flight, the same key until it is acknowledged."""
        for key, text in list(self.outbox.items()):
            answer = await self.ask({"type": "post", "room": self.room, "key": key, "text": text})
            if answer["type"] == "ok":
                self.acked[key] = answer["seq"]
                del self.outbox[key]
            elif answer["code"] in PASSING or not answer["definite"]:
                await asyncio.sleep(answer.get("retry_ms", 500) / 1000)
            else:
                raise SystemExit("refused: %s" % answer)

    async def live(self):
        await self.connect()
        while self.outbox:
            await self.flush()
        await self.catch_up()

    async def run(self, count):
        self.room = self.call("POST", "/rooms", {"name": "strangers", "kind": "channel"})["room"]
        for i in range(count):
            self.outbox[secrets.token_hex(16)] = "message %d, \u00fcber \U0001f600" % i
        wait = 0.05
        while True:
            try:
                cutter = asyncio.get_running_loop().call_later(random.uniform(0.05, 0.5), lambda: self.cut()) if self.resumed < 8 else None
                await self.live()
                if cutter is None:
                    break
                await self.reader  # until the cut
                wait = 0.05
            except (OSError, asyncio.TimeoutError, AttributeError, websockets.WebSocketException):
                await asyncio.sleep(random.uniform(0, wait))
                wait = min(2 * wait, 2)
        await self.socket.close()

    def report(self):
        seqs = [seq for seq, *_ in self.seen]
        if seqs != list(range(1, len(seqs) + 1)):
            raise SystemExit("not every event once and in order: %s" % seqs)
        for key, seq in self.acked.items():
            if self.seen[seq - 1][3] != key:
                raise SystemExit("the event %d has not the key under which it was acknowledged" % seq)
        print(json.dumps({
            "room": self.room, "resumed": self.resumed, "acked": len(self.acked), "doubled": self.doubled,
            "ids": [one[1] for one in self.seen], "texts": [one[4] for one in self.seen if one[2] == "message"],
        }))


def main():
    base, token, count = sys.argv[1:]
    stranger = Stranger(base, token)
    asyncio.run(asyncio.wait_for(stranger.run(int(count)), 120))
    stranger.report()


main()

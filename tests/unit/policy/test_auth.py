from __future__ import annotations

import asyncio
from hashlib import sha256

import pytest

from gophergate.core.caller import Caller
from gophergate.errors import Forbidden, GatewayError, Unauthenticated, Unavailable
from gophergate.front.base import Heard
from gophergate.policy.auth import GRACE, KNOWN_FOR, Auth, permit, presented_key

KEY = "sk-gg-0123456789"
OWNER = Caller(key_id="k1", client_id="c1")


class Asking:
    def __init__(self, query: bytes = b"", client: str = "203.0.113.7", **headers: str) -> None:
        self.query, self.client = query, client
        self.heard = Heard()
        self._headers = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}

    def header(self, name: bytes) -> bytes | None:
        return self._headers.get(name)


class Keys:
    def __init__(self) -> None:
        self.held: dict[bytes, Caller] = {digest(KEY): OWNER}
        self.asked = 0
        self.down = False

    async def find(self, digest: bytes) -> Caller | None:
        self.asked += 1
        await asyncio.sleep(0)
        if self.down:
            raise Unavailable("The database cannot be reached.")
        return self.held.get(digest)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def digest(key: str) -> bytes:
    return sha256(key.encode()).digest()


def make() -> tuple[Auth, Keys, Clock]:
    keys, clock = Keys(), Clock()
    return Auth(keys, digest=digest, clock=clock, wall=clock), keys, clock


ASKING = Asking(authorization=f"Bearer {KEY}")


@pytest.mark.parametrize(
    "asking",
    [
        ASKING,
        Asking(authorization=f"bearer  {KEY}"),
        Asking(x_api_key=KEY),
        Asking(x_goog_api_key=KEY),
        Asking(query=b"alt=sse&key=" + KEY.encode()),
    ],
)
def test_a_key_is_found_in_each_of_its_four_places(asking: Asking) -> None:
    assert presented_key(asking) == KEY


@pytest.mark.parametrize(
    "asking",
    [
        Asking(),
        Asking(authorization="Basic abcdefghij"),
        Asking(x_api_key="short"),
        Asking(x_api_key="' OR '1'='1"),
        Asking(x_api_key="x" * 600),
        Asking(x_api_key="nul\x00inside-the-key"),
    ],
)
async def test_what_is_no_key_is_refused_without_asking_the_database(asking: Asking) -> None:
    """R-X1."""
    auth, keys, _ = make()
    with pytest.raises(Unauthenticated):
        await auth.caller(asking)
    assert keys.asked == 0


async def test_a_known_key_costs_one_read_until_it_is_time_to_look_again() -> None:
    """R-D3: auth hits memory or one indexed read."""
    auth, keys, clock = make()
    for _ in range(100):
        assert await auth.caller(ASKING) == OWNER
    assert keys.asked == 1
    clock.now += KNOWN_FOR
    await auth.caller(ASKING)
    assert keys.asked == 2


async def test_an_unknown_key_is_remembered_too_and_forgotten_when_keys_change() -> None:
    auth, keys, _ = make()
    keys.held.clear()
    for _ in range(10):
        with pytest.raises(Unauthenticated):
            await auth.caller(ASKING)
    assert keys.asked == 1
    keys.held[digest(KEY)] = OWNER
    auth.forget()
    assert await auth.caller(ASKING) == OWNER


async def test_a_revoked_key_stops_working_at_once_in_this_process() -> None:
    """R-X5: push inside the process."""
    auth, keys, _ = make()
    await auth.caller(ASKING)
    keys.held.clear()
    auth.forget("another key")
    assert await auth.caller(ASKING) == OWNER
    auth.forget("k1")
    with pytest.raises(Unauthenticated):
        await auth.caller(ASKING)


async def test_a_stampede_of_one_key_is_one_read() -> None:
    auth, keys, _ = make()
    assert await asyncio.gather(*(auth.caller(ASKING) for _ in range(50))) == [OWNER] * 50
    assert keys.asked == 1


async def test_a_caller_who_gives_up_does_not_take_the_others_with_it() -> None:
    auth, keys, _ = make()
    waiting = [asyncio.ensure_future(auth.caller(ASKING)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    assert await asyncio.gather(*waiting[1:]) == [OWNER] * 2
    assert waiting[0].cancelled()
    assert keys.asked == 1


async def test_while_the_database_is_down_known_keys_work_and_unknown_ones_get_503() -> None:
    """R-D5: for a stated grace; never 401."""
    auth, keys, clock = make()
    await auth.caller(ASKING)
    keys.down = True
    clock.now += KNOWN_FOR + 1
    assert await auth.caller(ASKING) == OWNER
    with pytest.raises(Unavailable):
        await auth.caller(Asking(x_api_key="sk-gg-another-one"))
    clock.now += GRACE
    with pytest.raises(Unavailable):
        await auth.caller(ASKING)


@pytest.mark.parametrize(
    ("client", "allowed"),
    [("203.0.113.7", True), ("::ffff:203.0.113.9", True), ("198.51.100.1", False), ("odd", False)],
)
async def test_a_key_bound_to_addresses_works_from_those_only(client: str, allowed: bool) -> None:
    auth, keys, _ = make()
    keys.held[digest(KEY)] = Caller(key_id="k", client_id="c", ip_allow=("203.0.113.0/24",))
    asking = Asking(client=client, x_api_key=KEY)
    if allowed:
        await auth.caller(asking)
    else:
        with pytest.raises(Forbidden):
            await auth.caller(asking)


async def test_an_expired_key_says_so() -> None:
    auth, keys, clock = make()
    keys.held[digest(KEY)] = Caller(key_id="k", client_id="c", expires_at=int(clock.now * 1e6) + 1)
    await auth.caller(ASKING)
    clock.now += 1
    with pytest.raises(Unauthenticated) as caught:
        await auth.caller(ASKING)
    assert caught.value.code == "key_expired"


def test_a_model_must_be_allowed_by_name_or_pattern() -> None:
    permit(OWNER, "anything")
    bound = Caller(key_id="k", client_id="c", models=("openai/*", "fast"))
    permit(bound, "fast")
    permit(bound, "openai/gpt-4.1")
    with pytest.raises(Forbidden, match="'other'"):
        permit(bound, "other")
    with pytest.raises(GatewayError):
        permit(Caller(key_id="k", client_id="c", models=()), "fast")

"""Coding agents do one tool turn through the gateway, to providers of every other dialect (R-T4).

Not part of `make test`: `make agents` installs them from npm. The upstream asks for the agent's own shell once, and
ends when it has seen what the shell printed; only a real run of the tool can produce that.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gophergate.core.call import CallRecord
from kit import agents
from kit.answers import Said, answer, provider, wants_stream
from kit.gate import KEY, gate, rows, url
from kit.upstream import Asked, Say, Upstream

pytestmark = [pytest.mark.agents, pytest.mark.timeout(300)]

TASK = "Multiply six by seven with your shell and say the result."
PRINTED = "gopher-42-done"
"""What the tool prints. The command does not hold it, so it is seen only when the tool has run."""
COMMAND = "printf 'gopher-%d-done' 42"
FAREWELL = "The shell says 42, gopher out."
CLAUDE_TO = ("openai_chat", "openai_responses", "gemini", "ollama", "anthropic_messages")
CODEX_TO = ("openai_chat", "anthropic_messages", "gemini", "ollama", "openai_responses")
GEMINI_TO = ("openai_chat", "openai_responses", "anthropic_messages", "ollama", "gemini")


def one_tool_turn(dialect: str, tool: str, arguments: dict[str, object]) -> Callable[[Asked], Say]:
    """Calls `tool` when it is offered and has not run; else says the farewell."""

    def script(asked: Asked) -> Say:
        if asked.method == "GET":
            return answer(dialect, Said("", FAREWELL, ()), stream=False)
        ran = PRINTED.encode() in asked.body
        offered = f'"{tool}"'.encode() in asked.body
        said = Said("Hm.", "Let me see.", ((tool, arguments),)) if offered and not ran else Said("", FAREWELL, (), 2)
        return answer(dialect, said, stream=wants_stream(asked))

    return script


def shown(ran: agents.Ran, upstream: Upstream, kept: list[CallRecord]) -> None:
    """What every agent's run must show."""
    told = f"{ran.out[-3000:]}\n{ran.err[-3000:]}\n{[(row.door, row.status, row.attempts) for row in kept]}"
    assert ran.status == 0, told
    assert FAREWELL in ran.out, told
    assert any(PRINTED.encode() in asked.body for asked in upstream.asked), told
    assert all(row.status == "ok" for row in kept), told
    assert all(row.usage is not None and row.usage.output == 7 for row in kept), told


@pytest.mark.parametrize("upstream", CLAUDE_TO)
async def test_claude_code(upstream: str, tmp_path: Path) -> None:
    """R-T4; PROTOCOLS, Claude Code: system turns inside `messages`, adaptive thinking, betas, deferred tools."""
    call = one_tool_turn(upstream, "Bash", {"command": COMMAND, "description": "Multiply"})
    async with Upstream(call) as up, gate(tmp_path, provider(upstream, up.url)) as gateway:
        environ = {
            "ANTHROPIC_BASE_URL": url(gateway),
            "ANTHROPIC_AUTH_TOKEN": KEY,
            "ANTHROPIC_MODEL": "up/m",
            "ANTHROPIC_DEFAULT_HAIKU_MODEL": "up/m",
            "CLAUDE_CONFIG_DIR": str(tmp_path / "claude"),
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_ERROR_REPORTING": "1",
        }
        words = ("-p", TASK, "--allowedTools", "Bash", "--output-format", "json")
        ran = await agents.run("claude", *words, folder=tmp_path, environ=environ)
        kept = await rows(gateway, 2)
    shown(ran, up, kept)
    result = json.loads(ran.out)
    assert result["is_error"] is False
    # The sum over its turns: an answer asked for twice would double it.
    assert result["usage"]["output_tokens"] == 14, result


@pytest.mark.parametrize("websocket", [False, True], ids=["http", "websocket"])
@pytest.mark.parametrize("upstream", CODEX_TO)
async def test_codex(upstream: str, websocket: bool, tmp_path: Path) -> None:
    """R-T4, R-C3, edge case 51; PROTOCOLS, Codex: namespaces, free prewarm, a socket that remembers its items."""
    call = one_tool_turn(upstream, "exec_command", {"cmd": COMMAND})
    async with Upstream(call) as up, gate(tmp_path, provider(upstream, up.url)) as gateway:
        home = tmp_path / "codex"
        home.mkdir()
        (home / "config.toml").write_text(
            f"""
model = "up/m"
model_provider = "gate"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.gate]
name = "gate"
base_url = "{url(gateway)}/v1"
env_key = "GATE_KEY"
wire_api = "responses"
supports_websockets = {str(websocket).lower()}
"""
        )
        environ = {"CODEX_HOME": str(home), "GATE_KEY": KEY}
        words = ("exec", "--skip-git-repo-check", "--sandbox", "danger-full-access", "--json", TASK)
        ran = await agents.run("codex", *words, folder=tmp_path, environ=environ)
        kept = await rows(gateway, 2)
    shown(ran, up, kept)
    assert len(kept) == 2, "a prewarm is no call"


@pytest.mark.parametrize("upstream", GEMINI_TO)
async def test_gemini_cli(upstream: str, tmp_path: Path) -> None:
    """R-T4; PROTOCOLS, Gemini CLI: schemas in `parametersJsonSchema`, thought signatures on the part of the call."""
    call = one_tool_turn(upstream, "run_shell_command", {"command": COMMAND, "description": "Multiply"})
    async with Upstream(call) as up, gate(tmp_path, provider(upstream, up.url)) as gateway:
        settings = tmp_path / "home" / ".gemini" / "settings.json"
        settings.parent.mkdir(parents=True)
        off = {"usageStatisticsEnabled": False}
        selected = {"auth": {"selectedType": "gemini-api-key"}}
        settings.write_text(json.dumps({"security": selected, "privacy": off, "general": {"enableAutoUpdate": False}}))
        environ = {"GOOGLE_GEMINI_BASE_URL": url(gateway), "GEMINI_API_KEY": KEY, "GEMINI_CLI_TRUST_WORKSPACE": "true"}
        words = ("-m", "up/m", "--approval-mode", "yolo", "-p", TASK)
        ran = await agents.run("gemini", *words, folder=tmp_path, environ=environ)
        kept = await rows(gateway, 2)
    shown(ran, up, kept)

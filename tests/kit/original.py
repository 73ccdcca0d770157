"""SQLite files as versions of the original program wrote them, with other names for the same things in each."""

from __future__ import annotations

import base64
import sqlite3
from pathlib import Path

import bcrypt
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PASSWORD = "the old password"
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
KEY = "sk-0123456789abcdef0123456789abcdef"
PROVIDER_KEY = "sk-upstream-CANARY-0123456789"
OLD_KEY = bytes(range(32))

_FULL = """
CREATE TABLE schema_migrations (version INTEGER);
CREATE TABLE clients (id INTEGER PRIMARY KEY, client_id TEXT UNIQUE, name TEXT, description TEXT, created_at DATETIME,
  updated_at DATETIME, is_active BOOLEAN DEFAULT 1, rate_limit_per_minute INTEGER, total_requests INTEGER,
  total_tokens INTEGER, total_cost REAL, colour TEXT);
INSERT INTO clients VALUES (1, 'client_shop', 'Shop', 'x', '2025-11-02 10:00:00', NULL, 1, 60, 9, 9, 0.5,
  'red'),
  (2, 'client_old', 'Old app', NULL, '2025-01-01T00:00:00Z', NULL, 0, 0, 0, 0, 0, NULL),
  (3, 'client_twin', 'Shop', NULL, 'never', NULL, 1, 'many', 0, 0, 0, NULL);
CREATE TABLE client_tokens (id INTEGER PRIMARY KEY, client_id TEXT, token TEXT UNIQUE, name TEXT, is_active BOOLEAN,
  created_at DATETIME, last_used_at DATETIME);
INSERT INTO client_tokens VALUES (1, 'client_shop', '@KEY@', 'main', 1, '2025-11-02 10:00:00', '2026-01-05 09:00:00'),
  (2, 'client_old', 'sk-ffffffffffffffffffffffffffffffff', 'gone', 0, '2025-01-01', NULL),
  (3, 'client_lost', 'sk-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'orphan', 1, '2025-01-01', NULL),
  (4, 'client_shop', '@DIGEST@', 'hashed', 1, '2025-01-01', NULL),
  (5, 'client_shop', 'sk with a space in it', 'odd', 1, '2025-01-01', NULL),
  (6, 'client_shop', NULL, 'empty', 1, '2025-01-01', NULL);
CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT, display_name TEXT, role TEXT,
  must_change_password BOOLEAN, created_at DATETIME);
INSERT INTO users VALUES (1, 'admin', '@BCRYPT@', 'Admin', 'admin', 0, '2025-01-01 00:00:00'),
  (2, 'grace', '@BCRYPT@', 'Grace', 'admin', 0, '2025-01-01 00:00:00'),
  (3, 'vic', '@BCRYPT@', NULL, 'viewer', 1, 1735689600), (4, 'odd', 'md5:1234', NULL, 'wizard', 0, NULL);
CREATE TABLE provider_configs (id TEXT PRIMARY KEY, display_name TEXT, enabled BOOLEAN, base_url TEXT, api_key TEXT,
  api_key_encrypted BOOLEAN DEFAULT 0, credit_balance REAL, low_credit_threshold REAL, billing_mode TEXT);
INSERT INTO provider_configs VALUES ('openai', 'OpenAI', 1, NULL, '@PROVIDER@', 0, 12.5, 5, 'prepaid'),
  ('grok', 'xAI', 1, 'https://api.x.ai/v1', '@SEALED@', 1, 0, 0, NULL),
  ('deepseek', 'DeepSeek', 1, NULL, NULL, 0, 0, 0, NULL),
  ('ollama', 'Ollama', 0, 'http://127.0.0.1:11434', '', 0, 0, 0, NULL),
  ('mystery', 'Who?', 1, NULL, 'k', 0, 0, 0, NULL), ('my own', 'x', 1, 'http://x', 'k', 0, 0, 0, NULL);
CREATE TABLE model_configs (id TEXT PRIMARY KEY, provider_id TEXT, display_name TEXT, enabled BOOLEAN,
  prompt_cost_per_m REAL, completion_cost_per_m REAL, cache_read_cost_per_m REAL, cache_write_cost_per_m REAL,
  mapping TEXT);
INSERT INTO model_configs VALUES ('gpt-4.1', 'openai', 'x', 1, 2.0, 8.0, 0.5, NULL, NULL),
  ('gpt-4o', 'openai', 'x', 0, NULL, NULL, NULL, NULL, NULL), ('fast', 'openai', 'x', 1, 0, 0, 0, 0, 'gpt-4.1-mini'),
  ('plain', 'openai', 'x', 1, NULL, NULL, NULL, NULL, NULL), ('nowhere', NULL, 'x', 0, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE model_groups (id TEXT PRIMARY KEY, strategy TEXT, targets TEXT, fallback TEXT, description TEXT);
INSERT INTO model_groups VALUES ('fast-flow', 'priority', '["openai/gpt-4.1-mini", "openai/gpt-4.1"]',
   'openai/gpt-4o', 'x'),
  ('loop', 'ordered', '["loop"]', NULL, NULL), ('empty', 'ordered', '[]', NULL, NULL),
  ('odd', 'astrology', '["openai/gpt-4.1"]', NULL, NULL);
CREATE TABLE llm_requests (id INTEGER PRIMARY KEY, timestamp DATETIME, client_id TEXT, provider TEXT, model TEXT,
  prompt_tokens INTEGER, completion_tokens INTEGER, reasoning_tokens INTEGER, total_tokens INTEGER, cost REAL,
  has_images BOOLEAN, status TEXT, error_message TEXT, duration_ms INTEGER, request_body TEXT, response_body TEXT,
  cache_read_tokens INTEGER, cache_write_tokens INTEGER);
INSERT INTO llm_requests VALUES
  (1, '2026-01-05 09:00:00', 'client_shop', 'openai', 'gpt-4.1', 100, 20, 5, 120, 0.00025, 0, 'success', NULL, 812,
   'SAID', 'SAID', 40, 10),
  (2, '2026-01-05T09:30:00.123456789Z', 'client_shop', 'openai', 'openai/gpt-4.1', 10, 2, 0, 12, NULL, 0, 'success',
   NULL, 90, NULL, NULL, 0, 0),
  (3, '2026-01-12 23:59:59 +0000 UTC', 'client_lost', 'grok', 'grok-3', NULL, NULL, NULL, NULL, NULL, 0, 'error',
   'upstream said no', 30, NULL, NULL, NULL, NULL),
  (4, 'yesterday', 'client_shop', 'openai', 'gpt-4.1', 1, 1, 0, 2, 0, 0, 'success', NULL, 1, NULL, NULL, 0, 0),
  (5, '2026-01-05 10:00:00', 'client_shop', 'openai', 'gpt-4.1', -4, 1, 0, 2, 0, 0, 'success', NULL, 1, NULL, NULL,
   0, 0);
CREATE TABLE horoscopes (sign TEXT);
"""
_OTHER = """
CREATE TABLE ClientTokens (ID INTEGER PRIMARY KEY, Name TEXT, Key TEXT, Status TEXT, AllowedModels TEXT,
  ExpiresAt INTEGER, CreatedAt INTEGER) ;
INSERT INTO ClientTokens VALUES (1, 'Night job', '@KEY@', 'active', 'openai/gpt-4.1, openai/gpt-4o', 4102444800000,
  1735689600000000000);
CREATE TABLE accounts (login TEXT, password TEXT, is_admin INTEGER);
INSERT INTO accounts VALUES ('root', '@BCRYPT@', 1), ('guest', '@BCRYPT@', 0);
CREATE TABLE providers (name TEXT, type TEXT, endpoint TEXT, "API-Key" TEXT, disabled INTEGER, model_list TEXT);
INSERT INTO providers VALUES ('lab', 'custom', 'http://127.0.0.1:9/v1/', '@PROVIDER@', 0, 'm1,m2');
CREATE TABLE model_overrides (model TEXT, input_cost_per_token REAL, output_price_per_1k REAL, active TEXT,
  discount_percent REAL, discount_start TEXT, discount_end TEXT);
INSERT INTO model_overrides VALUES ('lab/m1', 0.000001, 0.002, 'yes', 25, '2026-01-01', '2026-02-01');
CREATE TABLE groups (group_name TEXT, mode TEXT, members TEXT, enabled INTEGER);
INSERT INTO groups VALUES ('both', 'round_robin', '[{"model": "lab/m1"}, {"model": "lab/m2"}]', 1),
  ('off', 'ordered', 'lab/m1', 0);
CREATE TABLE requests (req_id TEXT, ts REAL, client_name TEXT, provider_name TEXT, model_name TEXT, tokens_in INTEGER,
  tokens_out INTEGER, cost_usd TEXT, status_code INTEGER, latency REAL, streaming INTEGER) ;
INSERT INTO requests VALUES ('r-1', 1767603600.5, 'Night job', 'lab', 'm1', 7, 3, '0.000010', 200, 12.5, 1),
  ('r-2', 1767603601000, 'Night job', 'lab', 'm1', 7, 0, '0', 429, 1, 0),
  ('r-3', 1767603602, NULL, 'lab', 'm1', 7, 0, '0', 504, 1, 0);
"""
_LEAST = "CREATE TABLE tokens (token TEXT); INSERT INTO tokens VALUES ('@KEY@');"


def _made(path: Path, script: str) -> Path:
    connection = sqlite3.connect(path)
    for mark, value in (("@KEY@", KEY), ("@BCRYPT@", HASH), ("@PROVIDER@", PROVIDER_KEY), ("@DIGEST@", "ab" * 32)):
        script = script.replace(mark, value)
    connection.executescript(script)
    connection.commit()
    connection.close()
    return path


def full(path: Path) -> Path:
    """Every table there was, with rows that are right, odd and wrong."""
    sealed = base64.b64encode(b"n" * 12 + AESGCM(OLD_KEY).encrypt(b"n" * 12, b"xai-CANARY-sealed-key", None)).decode()
    return _made(path, _FULL.replace("@SEALED@", sealed))


def other(path: Path) -> Path:
    """The same things under other names, in other units, without a table of clients."""
    return _made(path, _OTHER)


def least(path: Path) -> Path:
    """A list of keys and nothing more."""
    return _made(path, _LEAST)


def busy(path: Path, calls: int) -> Path:
    """A request log of many rows."""
    connection = sqlite3.connect(least(path))
    connection.execute("CREATE TABLE llm_requests (id INTEGER, timestamp INTEGER, model TEXT, prompt_tokens INTEGER)")
    rows = ((number, 1767603600 + number * 60, "m", number) for number in range(calls))
    connection.executemany("INSERT INTO llm_requests VALUES (?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()
    return path

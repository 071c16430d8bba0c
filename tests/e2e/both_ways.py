"""The same request to the leader and to a standby: the answers must not tell which it was."""

import http.client
import json
import re

WAYS = ("way1", "way2")
# What no two answers share: its kind is compared.
KINDS = [
    ("uuid", re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")),
    ("token", re.compile(r"hv[sb]\.[A-Za-z0-9_.-]+")),
    ("time", re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")),
    ("lease", re.compile(r"(?<=/)[A-Za-z0-9]{24}\b")),
    ("accessor", re.compile(r"^[A-Za-z0-9]{24}$")),
    ("hmac", re.compile(r"hmac-sha256:[0-9a-f]{64}")),
    ("way", re.compile("|".join(WAYS))),
]
PASSING = re.compile(r"(^|_)(ttl|time|duration|last_update|expiration)")
DEADLINE = 30


class Answer:
    def __init__(self, response, body):
        self.status, self.body = response.status, body
        self.headers = {name.lower(): value for name, value in response.getheaders()}

    @property
    def json(self):
        return json.loads(self.body)


def ask(node, method, path, body=None, token=None, headers=(), source=None, chunks=None):
    """One request on a connection of its own; every header is ours. `chunks` is sent chunked."""
    connection = http.client.HTTPSConnection(node.host, node.port, timeout=DEADLINE, context=node.context(),
                                             source_address=source and (source, 0))
    sent = dict(headers)
    if token:
        sent.setdefault("X-Vault-Token", token)
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
    try:
        connection.request(method, path, body=chunks or body, headers=sent, encode_chunked=bool(chunks))
        response = connection.getresponse()
        return Answer(response, response.read())
    finally:
        connection.close()


class BothWays:
    """Asks the two nodes in turn; `%way%` stands for a word that differs, `%name%` for a value that was kept."""

    def __init__(self, leader, standby):
        self.nodes = (leader, standby)
        self.known = tuple({"way": way, "root": leader.root, "node": node.address} for way, node in zip(WAYS, self.nodes))
        self.asked = 0

    def same(self, method, path, body=None, token="%root%", headers=None, keep=None, status=None, **more):
        """Both answers, once they are found the same. `keep` maps names to dotted paths into the answer."""
        answers = []
        for node, known in zip(self.nodes, self.known):
            filled = fill(dict(headers or {}), known)
            if isinstance(body, (dict, list)):
                filled.setdefault("Content-Type", "application/json")
            asked = (method, fill(path, known), fill(body, known), fill(token, known), filled)
            answer = ask(node, *asked, **more)
            if answer.status == 503:
                # A machine with much else to do: an election met the request.
                answer = ask(node, *asked, **more)
            for name, where in (keep or {}).items():
                known[name] = walk(answer.json, where)
            answers.append(answer)
        first, second = answers
        what = f"{method} {path}"
        assert first.status == second.status, f"{what}: {first.status} {first.body[:300]}, {second.status} {second.body[:300]}"
        assert status is None or first.status == status, f"{what}: {first.status} {first.body[:300]}"
        assert shape(first, self.known[0]) == shape(second, self.known[1]), what
        self.asked += 1
        return answers


def fill(value, known):
    if isinstance(value, dict):
        return {fill(k, known): fill(v, known) for k, v in value.items()}
    if isinstance(value, list):
        return [fill(one, known) for one in value]
    if isinstance(value, str):
        return re.sub(r"%(\w+)%", lambda m: str(known.get(m[1], m[0])), value)
    return value


def walk(value, path):
    for part in path.split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def shape(answer, known):
    """Status, headers and body without what no two answers share."""
    headers = {name: plain(value, known) for name, value in answer.headers.items() if name not in ("date", "content-length")}
    headers["content-length"] = "content-length" in answer.headers
    try:
        body = plain(answer.json, known)
    except ValueError:
        body = plain(answer.body.decode(errors="replace"), known)
    return answer.status, headers, body


def plain(value, known, key=""):
    if isinstance(value, dict):
        return {plain(k, known): plain(v, known, k) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(one, known, key) for one in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool) and PASSING.search(key):
        return "passing" if value > 0 else value
    if isinstance(value, str):
        value = value.replace(known["node"], "<node>")
        for kind, pattern in KINDS:
            value = pattern.sub(f"<{kind}>", value)
    return value


"""Checks a proof of `aksum ledger prove`, offline: verify_proof.py PROOF.json PUBLIC_KEY.pem"""

import json
import sys
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_public_key


def text(value: str) -> bytes:
    return len(value.encode()).to_bytes(4, "big") + value.encode()


def row(fields: dict[str, str | None]) -> bytes:
    values = (b"\0" if value is None else b"\1" + text(value) for value in fields.values())
    named = (text(name) + value for name, value in zip(fields, values, strict=True))
    return len(fields).to_bytes(4, "big") + b"".join(named)


proof = json.loads(Path(sys.argv[1]).read_bytes())
block, header, entries = proof["block"], *proof["transaction"].values()
content = text(f"aksum transaction {block['format']}") + row(header)
content += len(entries).to_bytes(4, "big") + b"".join(map(row, entries))
node = sha256(b"\0" + content).digest()
place, last = proof["index"], int(block["transactions"]) - 1
for beside in map(bytes.fromhex, proof["path"]):
    on_the_right = place % 2 or place == last
    node = sha256(b"\1" + (beside + node if on_the_right else node + beside)).digest()
    while on_the_right and place and place % 2 == 0:
        place, last = place // 2, last // 2
    place, last = place // 2, last // 2
if node.hex() != block["merkle_root"] or last or place:
    sys.exit("the block does not contain this transaction")
key = load_pem_public_key(Path(sys.argv[2]).read_bytes())
sealed = sha256(text("aksum block 1") + row(block)).digest()
key.verify(bytes.fromhex(proof["signature"]), sealed)  # raises InvalidSignature
print(f"{header['id']} is sealed in block {block['number']} of {block['tenant_id']}")

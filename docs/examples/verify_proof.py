"""Checks a proof of `aksum ledger prove`, offline: verify_proof.py PROOF.json PUBLIC_KEY.pem"""

import json
import sys
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_public_key


def text(value: str) -> bytes:
    return len(value.encode()).to_bytes(4, "big") + value.encode()


def row(fields: dict[str, str | None]) -> bytes:
    named = (text(k) + (b"\0" if v is None else b"\1" + text(v)) for k, v in fields.items())
    return len(fields).to_bytes(4, "big") + b"".join(named)


proof = json.loads(
    Path(sys.argv[1]).read_bytes(),
    object_pairs_hook=lambda a: dict(a) if len(dict(a)) == len(a) else sys.exit("a name twice"),
)
said = "proof transaction index path block signature header entries aksum proof 1"
if " ".join([*proof, *proof["transaction"], proof["proof"]]) != said:
    sys.exit("it is no proof, or says more than one does")
block, (header, entries), place = proof["block"], proof["transaction"].values(), proof["index"]
content = text(f"aksum transaction {block['format']}") + row(header)
content += len(entries).to_bytes(4, "big") + b"".join(map(row, entries))
node, last = sha256(b"\0" + content).digest(), int(block["transactions"]) - 1
for beside in map(bytes.fromhex, proof["path"]):
    right = place % 2 or place == last
    node = sha256(b"\1" + (beside + node if right else node + beside)).digest()
    zeros = (place & -place).bit_length() - 1 if right and place else 0
    place, last = place >> zeros + 1, last >> zeros + 1
if node.hex() != block["merkle_root"] or last or place:
    sys.exit("the block does not contain this transaction")
key = load_pem_public_key(Path(sys.argv[2]).read_bytes())
key.verify(bytes.fromhex(proof["signature"]), sha256(text("aksum block 1") + row(block)).digest())
print(f"{header['id']} is sealed in block {block['number']} of {block['tenant_id']}")

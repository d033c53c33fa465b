from dishka import Provider, Scope, provide

from adapters.system.file_signer import FileSigner, FileTrustedKeys
from adapters.system.seal_anchor import FileSealAnchor
from application.ports.seals import SealAnchor
from application.ports.signing import Signer, TrustedKeys
from entrypoints.wiring.seal_places import SealPlaces, seal_places
from entrypoints.wiring.settings import Settings


class SealReaders(Provider):
    """What is needed to check seals: public keys, and what was written down."""

    scope = Scope.APP

    @provide
    def places(self, settings: Settings) -> SealPlaces:
        return seal_places(settings)

    @provide
    def trusted_keys(self, places: SealPlaces) -> TrustedKeys:
        return FileTrustedKeys(places.trusted)

    @provide
    def anchor(self, places: SealPlaces) -> SealAnchor:
        return FileSealAnchor(places.anchor)


class SealWriters(Provider):
    """Only a worker has the private key. A sandbox makes its own."""

    scope = Scope.APP

    @provide
    def signer(self, places: SealPlaces, settings: Settings) -> Signer:
        return FileSigner(places.key, places.trusted, make_missing=settings.sandbox)

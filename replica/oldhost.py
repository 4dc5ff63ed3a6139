"""What is left of an abolished authority's site."""

from collections.abc import Mapping

from replica.corpus import Document
from replica.exchange import Request, Response, redirect
from replica.shape import Shape, one_spelling
from replica.site import HOMES


class OldHost:
    """What is left of an abolished authority's site: a page that says so, and redirects for what went along."""

    def __init__(self, shape: Shape, homes: Mapping[str, str]) -> None:
        self.shape = shape
        self.plan = shape.plan
        self.documents: list[Document] = []
        self._sends = {one_spelling(old): homes[code] + new[1:] for old, (code, new) in shape.sends.items()}
        heirs = "".join(f'<p><a href="{homes[code]}">New council</a></p>' for code in shape.heirs)
        self._page = f"<html><head><title>{self.plan.name}</title></head><body><h3>This council has been replaced</h3>{heirs}</body></html>"

    def respond(self, request: Request) -> Response:
        """Answers any request."""
        target = self._sends.get(one_spelling(request.target))
        if target is not None:
            return redirect(target, 301)
        if request.path in {"/", HOMES[self.plan.home]}:
            return Response(self._page.encode())
        if request.path == "/robots.txt":
            return Response(b"User-agent: *\nDisallow:\n", type="text/plain")
        return Response(b"<html><head><title>404</title></head><body>Not Found</body></html>", 404)

    def changed(self, request: Request) -> str | None:
        """Nothing here has a date."""
        return None

    def is_file(self, request: Request) -> bool:
        """No files are left."""
        return False

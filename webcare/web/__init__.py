"""The console's web server around Streamlit: sign-in, sign-out, health, security headers, start and stop.

Everything here is plain HTTP; the pages themselves are in `webcare.console`, which knows nothing of this package.
"""

from webcare.web.server import lifespan, middleware, routes
from webcare.web.sessions import COOKIE

__all__ = ["COOKIE", "lifespan", "middleware", "routes"]

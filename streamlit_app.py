"""The console's server: `streamlit run streamlit_app.py`, or `webcare run`.

Streamlit finds `app` by reading this file, so the call of `st.App` must stand here. It only puts parts together:
the pages are in webcare/console, the routes around them in webcare/web, the desk itself in webcare/app.
"""

import streamlit as st

from webcare import console, web
from webcare.app import build_app

desk = console.start(build_app, cookie=web.COOKIE)

app = st.App(
    console.SCRIPT,
    routes=web.routes(desk),
    middleware=web.middleware(desk, index=console.INDEX),
    lifespan=web.lifespan(desk),
    on_script_error=console.on_script_error,
)

if __name__ == "__main__":
    app.run(config={"server.address": desk.settings.console.host, "server.port": desk.settings.console.port})

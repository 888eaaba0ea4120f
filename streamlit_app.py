"""The console's server: `streamlit run streamlit_app.py`, or `webcare run`.

Streamlit finds `app` by reading this file, so the call of `st.App` must stand here. It only puts parts together:
the pages are in webcare/console, the routes around them in webcare/web, the desk itself in webcare/app.
"""

import streamlit as st

from webcare import console, web
from webcare.app import build_app

desk = console.start(build_app, cookie=web.COOKIE)
login = console.login_of(desk)

app = st.App(
    console.SCRIPT,
    routes=web.routes(desk, login=login, say=console.in_language, mark=console.mark_of),
    middleware=web.middleware(desk, index=console.INDEX, login=login, say=console.in_language),
    lifespan=web.lifespan(desk),
    secrets=login.secrets if login else None,
    on_script_error=console.on_script_error,
)

if __name__ == "__main__":
    app.run(config={"server.address": desk.settings.console.host, "server.port": desk.settings.console.port})

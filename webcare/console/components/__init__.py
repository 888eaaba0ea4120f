"""Small browser components of our own. Data goes in as JSON and is shown with `textContent` only."""

"""What a developer adds to `wagtail start`: a page model with a body and its template. Runs in Wagtail's environment."""

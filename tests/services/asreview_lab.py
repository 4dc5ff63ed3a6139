"""Run by ASReview's own Python: give its web application a table, as its page does, label records, and take its export.

python asreview_lab.py IN.csv OUT.csv [RECORD=LABEL ...]        RECORD counts the table's rows from 0
"""

import sys
import tempfile
from pathlib import Path

from asreview.webapp.app import create_app

given, taken, *labels = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    app = create_app(secret_key="test", asreview_path=folder, authentication=False, testing=True)
    page = app.test_client()
    with Path(given).open("rb") as file:
        made = page.post("/api/projects/create", data={"mode": "oracle", "file": (file, "table.csv")})
    assert made.status_code == 201, made.text
    project = f"/api/projects/{made.json['id']}"
    # Texts that are not labelled yet are exported once a model has ranked them.
    trained = page.post(f"{project}/train")
    assert trained.status_code == 200, trained.text
    for label in labels:
        record, _, value = label.partition("=")
        done = page.post(f"{project}/record/{record}", data={"record_id": record, "label": value})
        assert done.status_code == 200, done.text
    everything = "collections=relevant&collections=not_seen&collections=irrelevant"
    exported = page.get(f"{project}/export_dataset?format=csv&{everything}")
    assert exported.status_code == 200, exported.text
    Path(taken).write_bytes(exported.data)

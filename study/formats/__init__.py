"""The readers behind `study.text`: one module a family of formats, bytes in, an `Extraction` out."""

"""How good judging is, measured: labelled sets, the systems compared, figures, screening, the model card and its floors."""

"""The dashboard in Chromium; a package, so that what its tests share ends with them."""

"""What the page can be asked, a file a subject."""

"""The runs as the app sees them: followed, in words, with their figures, side by side."""

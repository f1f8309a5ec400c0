"""What the app does off its loop: questions to the warm engine, imports that no key press shall wait for."""

"""What a notice of each kind holds, and how it becomes a phone text and a public page. No models."""

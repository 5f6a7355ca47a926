"""What the service remembers beside the recorded past: keys, scores, lists, judgements, webhooks."""

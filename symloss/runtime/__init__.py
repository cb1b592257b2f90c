"""What a generated kernel needs when it is called: arrays, shapes, options, threads, messages. No arithmetic."""

"""What a change would do, before it is done: saved plans of every stack, their summary, and applying just these."""

"""What is measured: times of this app, beside another way of doing the same, in pairs."""

"""What is asked for, free of syntax: question → TraceSpec → program, over a catalogue of events."""

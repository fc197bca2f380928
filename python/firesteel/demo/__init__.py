"""The demonstration: a flight-delay model scores a stream of flights, exactly once.

Where to read: ``data`` finds the flights and lays them out as arriving files, ``job`` is the streaming job itself in
PySpark's API, ``quality`` measures what it predicted, ``command`` ties them together for
``firesteel demo``, and ``train`` made ``flight_delay.onnx``.
"""

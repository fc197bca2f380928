"""The demonstration: a flight-delay model scores a stream of flights exactly once.

* ``data`` finds the flights and lays them out as arriving files.
* ``job`` is the streaming job in PySpark's API.
* ``quality`` measures its predictions.
* ``command`` puts these together for ``firesteel demo``.
* ``train`` made ``flight_delay.onnx``.
"""

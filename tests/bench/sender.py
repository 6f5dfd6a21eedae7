"""A websocket server that sends one frame every so many microseconds: `python -m tests.bench.sender COUNT GAP_NS`.

The embedded venue paces by the event loop's millisecond timers and so sends a few frames at once; to time orders
each frame must come alone. It sleeps between frames: spinning would slow a core that shares its silicon with this one.
"""

import sys
import time

from websockets.sync.server import ServerConnection, serve

from tests.bench.market import prices


def send(connection: ServerConnection, count: int, gap_ns: int) -> None:
    """Send `count` bookTicker frames, each `gap_ns` after the one before."""
    frames = [
        f'{{"stream":"btcusdt@bookTicker","data":{{"u":{number},"s":"BTCUSDT","b":"{price / 100:.2f}000000",'
        f'"B":"3.78826000","a":"{(price + 1) / 100:.2f}000000","A":"1.54698000"}}}}'
        for number, price in enumerate(prices(count, 100), start=1)
    ]
    due_ns = time.perf_counter_ns() + 200_000_000
    for frame in frames:
        ahead_ns = due_ns - time.perf_counter_ns()
        if ahead_ns > 0:
            time.sleep(ahead_ns / 1e9)
        connection.send(frame)
        due_ns += gap_ns
    connection.recv()  # until the daemon leaves


def main() -> None:
    """Serve one connection after another until the process is ended."""
    count, gap_ns = int(sys.argv[1]), int(sys.argv[2])
    with serve(lambda connection: send(connection, count, gap_ns), "127.0.0.1", 0, compression=None) as server:
        sys.stdout.write(f"{server.socket.getsockname()[1]}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()

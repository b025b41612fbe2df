package io.ltri.inference.grpc;

import io.grpc.Status;
import java.time.Duration;

/**
 * What comes from a client must come at a pace: after the given time, {@value
 * #LEAST_BYTES_A_SECOND} bytes for each second since.
 */
final class Pace {
  static final int LEAST_BYTES_A_SECOND = 1024;

  private final long patienceNanos;
  private final long began = System.nanoTime();
  private long bytes;

  Pace(Duration patience) {
    this.patienceNanos = patience.toNanos();
  }

  /**
   * @throws io.grpc.StatusRuntimeException if too little has come, this included
   */
  void came(long more) {
    bytes += more;
    double late = (System.nanoTime() - began - patienceNanos) / 1e9;
    if (late * LEAST_BYTES_A_SECOND > bytes) {
      throw Status.DEADLINE_EXCEEDED
          .withDescription("only %d bytes came in %.0f s: send it again".formatted(bytes, late))
          .asRuntimeException();
    }
  }
}

package io.ltri.edge.watch;

import java.util.Optional;
import java.util.function.Supplier;

/** Whether requests should be sent here. */
public final class Readiness {

  private volatile Supplier<Optional<String>> problem;

  /**
   * @param loading what is said until {@link #loaded} is called
   */
  public Readiness(String loading) {
    problem = () -> Optional.of(loading);
  }

  /**
   * From now on requests are served.
   *
   * @param remaining what may keep them from being served well, asked each time
   */
  public void loaded(Supplier<Optional<String>> remaining) {
    problem = remaining;
  }

  /** Why no request should come; empty: they may. */
  public Optional<String> problem() {
    return problem.get();
  }
}

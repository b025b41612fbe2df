package io.ltri.client.command;

import java.util.concurrent.ConcurrentLinkedDeque;

/** What has to be ended when the user presses Ctrl-C or the process is told to stop. */
final class Interrupts {
  private final ConcurrentLinkedDeque<Runnable> actions = new ConcurrentLinkedDeque<>();
  private volatile boolean raised;

  /** In force until it is closed. */
  interface Registration extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Runs the actions when the JVM is told to end; it then exits with 130 (SIGINT) or 143 (SIGTERM).
   */
  void install() {
    Runtime.getRuntime()
        .addShutdownHook(Thread.ofPlatform().name("interrupt").unstarted(this::run));
  }

  Registration onInterrupt(Runnable action) {
    actions.addFirst(action);
    if (raised) {
      // What began while the others were being ended must not outlive them.
      action.run();
    }
    return () -> actions.remove(action);
  }

  /** Newest first: what was begun last depends on what was begun before it. */
  void run() {
    raised = true;
    for (Runnable action : actions) {
      action.run();
    }
  }
}

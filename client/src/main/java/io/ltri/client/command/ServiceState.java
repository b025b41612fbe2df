package io.ltri.client.command;

/** What is known of a service of this data folder. */
sealed interface ServiceState {
  /**
   * No process.
   *
   * @param crashed whether its files were still there: it did not end in an orderly way
   */
  record Stopped(boolean crashed) implements ServiceState {}

  /** A process that does not serve yet. */
  record Starting(ServiceProcess process, ProcessHandle handle) implements ServiceState {}

  /** A process that serves. */
  record Serving(ServiceProcess process, ProcessHandle handle, ReadyFile ready)
      implements ServiceState {}
}

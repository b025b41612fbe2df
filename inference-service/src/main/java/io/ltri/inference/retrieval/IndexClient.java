package io.ltri.inference.retrieval;

/**
 * An index as a service has it: the port, what else is done with documents, and whether it answers.
 */
public interface IndexClient extends SpanIndex {

  @Override
  boolean isAsked();

  /** Asks the index, briefly. */
  boolean answers();

  /** What else can be done with documents. */
  IndexAdministration administration();
}

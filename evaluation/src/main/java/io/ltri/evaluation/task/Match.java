package io.ltri.evaluation.task;

public enum Match {
  ALL,
  ANY
}

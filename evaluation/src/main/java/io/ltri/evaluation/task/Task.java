package io.ltri.evaluation.task;

public interface Task {
  String name();

  Sample sample(int length, double depth, long seed);
}

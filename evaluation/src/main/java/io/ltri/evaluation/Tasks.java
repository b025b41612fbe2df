package io.ltri.evaluation;

import io.ltri.evaluation.run.Lab;
import io.ltri.evaluation.run.Runner;
import io.ltri.evaluation.task.CommonWords;
import io.ltri.evaluation.task.FrequentWords;
import io.ltri.evaluation.task.NeedleGrid;
import io.ltri.evaluation.task.Passkey;
import io.ltri.evaluation.task.PlantedFacts;
import io.ltri.evaluation.task.QuestionAnswering;
import io.ltri.evaluation.task.RulerNeedles;
import io.ltri.evaluation.task.Sample;
import io.ltri.evaluation.task.Task;
import io.ltri.evaluation.task.TokenCounter;
import io.ltri.evaluation.task.VariableTracking;
import io.ltri.evaluation.text.Haystack;
import io.ltri.evaluation.text.HaystackFetch;
import io.ltri.inference.engine.LanguageModel;
import io.ltri.inference.model.template.Message;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The tasks that can be asked for by name. */
final class Tasks {
  private final Map<String, Task> byName = new LinkedHashMap<>();
  private final List<String> ruler = new ArrayList<>();
  private final TokenCounter tokens;
  private final int overhead;

  private Tasks(Haystack haystack, TokenCounter tokens, int overhead) {
    this.tokens = tokens;
    this.overhead = overhead;
    for (Task task : RulerNeedles.all(haystack, tokens, overhead)) {
      addRuler(task);
    }
    addRuler(new VariableTracking(tokens, overhead));
    addRuler(new CommonWords(tokens, overhead));
    addRuler(new FrequentWords(tokens, overhead));
    add(new NeedleGrid(haystack, tokens, overhead));
    add(new PlantedFacts(haystack, tokens, overhead));
    add(Passkey.passkey(tokens, overhead));
    add(Passkey.number(tokens, overhead));
  }

  static Tasks of(RunOptions options, Lab lab) throws IOException {
    LanguageModel model = lab.model();
    return new Tasks(
        haystack(options), text -> model.tokenizer().encodeText(text).length, overhead(model));
  }

  /** Tokens of the chat template around document and question. */
  static int overhead(LanguageModel model) {
    return model.documentPrefix("").length
        + model.promptAfterDocument(List.of(new Message("user", "\n\n"))).length;
  }

  /** The text that was named, or the one that is fetched; a generated one where that fails. */
  static Haystack haystack(RunOptions options) throws IOException {
    Path named = options.haystack;
    if (named != null) {
      return Haystack.read(named);
    }
    try {
      return Haystack.read(HaystackFetch.into(Home.evaluation()));
    } catch (HaystackFetch.Failure e) {
      System.err.println("natural text: " + e.getMessage());
      System.err.println(
          "a generated text is used; results with it are not comparable with others");
      return Haystack.generated(options.seed);
    }
  }

  private void add(Task task) {
    byName.put(task.name(), task);
  }

  private void addRuler(Task task) {
    add(task);
    ruler.add(task.name());
  }

  void addSquad(Path file) throws IOException {
    add(QuestionAnswering.squad(file, tokens, overhead));
  }

  void addHotpot(Path file) throws IOException {
    add(QuestionAnswering.hotpot(file, tokens, overhead));
  }

  /** Names of RULER's synthetic tasks. */
  List<String> ruler() {
    return List.copyOf(ruler);
  }

  Task named(String name) {
    Task task = byName.get(name);
    if (task == null) {
      throw new IllegalArgumentException(
          "there is no task '" + name + "': there is " + String.join(", ", byName.keySet()));
    }
    return task;
  }

  /** Samples of tasks that draw their depths themselves. */
  List<Runner.Work> works(RunOptions options, List<String> names) {
    List<Runner.Work> works = new ArrayList<>();
    for (int length : options.lengths) {
      for (String name : names) {
        Task task = named(name);
        for (int sample = 0; sample < options.samples; sample++) {
          works.add(
              new Runner.Work(
                  task,
                  length,
                  Sample.NO_DEPTH,
                  options.seed + sample,
                  Long.toString(options.seed + sample)));
        }
      }
    }
    return works;
  }
}

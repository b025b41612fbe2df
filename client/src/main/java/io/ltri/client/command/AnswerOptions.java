package io.ltri.client.command;

import io.ltri.client.Question;
import io.ltri.client.Sampling;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How an answer is made. */
final class AnswerOptions {
  @Option(
      names = "--policy",
      paramLabel = "POLICY",
      description =
          "What is attended to: full, streaming, ltri, or to compare with, uniform, sentence, random, em-llm, infllm, oracle; a document is read and answered under one policy. Default: the services'.")
  String policy = "";

  @Option(
      names = "--budget",
      paramLabel = "TOKENS",
      description = "Tokens retrieved per layer and step. Default: the service's.")
  int budget;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "0 takes the most probable token, always. Default: 0.")
  float temperature;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "Draw from the most probable tokens that make up P. Default: off.")
  float topP;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Draw from the K most probable tokens. Default: off.")
  int topK;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      description =
          "Draw from tokens at least P times as probable as the most probable one. Default: off.")
  float minP;

  @Option(
      names = "--presence-penalty",
      paramLabel = "X",
      description = "Taken off the logit of every token that the answer has. Default: 0.")
  float presencePenalty;

  @Option(
      names = "--frequency-penalty",
      paramLabel = "X",
      description = "Taken off a token's logit for each time that the answer has it. Default: 0.")
  float frequencyPenalty;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Of the draws, with a temperature. Default: drawn by the service, and shown.")
  long seed;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      description = "Most tokens of an answer. Default: the service's.")
  int maxTokens;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "End the answer before this text; may be given several times.")
  List<String> stop = new ArrayList<>();

  @Option(
      names = "--deadline",
      paramLabel = "SECONDS",
      description = "Cut the answer after this time. Default: none.")
  @Nullable Double deadlineSeconds;

  @Option(
      names = "--on-index-failure",
      paramLabel = "MODE",
      description =
          "What becomes of an answer when the index fails in the middle of it: degrade (goes on with what is there, counted), recompute (the text is computed again if it is short enough), fail. Default: the service's.")
  String onIndexFailure = "";

  @Option(
      names = "--sources",
      paramLabel = "N",
      description =
          "Also show the N spans of the document that the answer looked at most, with their share of the attention. Default: 0.")
  int sources;

  Question.Builder question() {
    require(
        List.of("", "degrade", "recompute", "fail").contains(onIndexFailure),
        "--on-index-failure",
        "degrade, recompute or fail");
    require(budget >= 0, "--budget", "0 or more tokens");
    require(temperature >= 0, "--temperature", "0 or more");
    require(topP >= 0 && topP <= 1, "--top-p", "between 0 and 1");
    require(topK >= 0, "--top-k", "0 or more");
    require(minP >= 0 && minP <= 1, "--min-p", "between 0 and 1");
    require(Math.abs(presencePenalty) <= 2, "--presence-penalty", "between -2 and 2");
    require(Math.abs(frequencyPenalty) <= 2, "--frequency-penalty", "between -2 and 2");
    require(maxTokens >= 0, "--max-tokens", "0 or more");
    require(sources >= 0 && sources <= 100, "--sources", "between 0 and 100");
    Question.Builder question =
        Question.builder()
            .sampling(
                new Sampling(
                    temperature, topP, topK, minP, presencePenalty, frequencyPenalty, seed))
            .maxTokens(maxTokens)
            .policy(policy)
            .stop(stop)
            .budgetTokens(budget)
            .onIndexFailure(onIndexFailure)
            .sources(sources);
    if (deadlineSeconds != null) {
      require(deadlineSeconds > 0, "--deadline", "more than 0 seconds");
      question.deadline(Duration.ofMillis(Math.max(1, Math.round(deadlineSeconds * 1000))));
    }
    return question;
  }

  private static void require(boolean holds, String option, String what) {
    if (!holds) {
      throw new CommandFailure(ExitCode.USAGE, option + " must be " + what);
    }
  }
}

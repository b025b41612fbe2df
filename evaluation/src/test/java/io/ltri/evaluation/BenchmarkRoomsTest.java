package io.ltri.evaluation;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Scores know tasks, tasks know texts, and none of them knows a service. */
@AnalyzeClasses(
    packages = "io.ltri.evaluation",
    importOptions = ImportOption.DoNotIncludeTests.class)
class BenchmarkRoomsTest {

  @ArchTest
  static final ArchRule textsKnowNothingElse =
      noClasses()
          .that()
          .resideInAPackage("..evaluation.text..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("..evaluation.task..", "..evaluation.score..", "..evaluation.run..");

  @ArchTest
  static final ArchRule tasksKnowOnlyTexts =
      noClasses()
          .that()
          .resideInAPackage("..evaluation.task..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("..evaluation.score..", "..evaluation.run..");

  @ArchTest
  static final ArchRule scoresKnowOnlyTasks =
      noClasses()
          .that()
          .resideInAPackage("..evaluation.score..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("..evaluation.text..", "..evaluation.run..");

  @ArchTest
  static final ArchRule noServiceIsKnown =
      noClasses()
          .that()
          .resideInAnyPackage("..evaluation.text..", "..evaluation.task..", "..evaluation.score..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.ltri.inference..", "io.ltri.index..", "io.ltri.client..", "io.ltri.proto..");
}

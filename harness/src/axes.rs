//! The axes of a configuration as command-line options. They come from the table in `engine`, so a new axis is an option here, in the help
//! text and on both sides of a comparison without another line.

use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches};
use engine::{Axis, Configuration, ConfigurationError, axes};

/// `--vm`, `--registers`, …
#[derive(Clone, Debug, Default)]
pub struct AxisOptions {
    given: Vec<(&'static str, String)>,
}

/// `--against`, `--against-registers`, …: what differs on the other side of a comparison.
#[derive(Clone, Debug, Default)]
pub struct AgainstOptions {
    given: Vec<(&'static str, String)>,
}

/// The same but for `--workers`, which is another thing where transactions are executed: how many at a time.
#[derive(Clone, Debug, Default)]
pub struct BlockAxisOptions(pub AxisOptions);

const WORKERS: &str = "workers";

fn axes_of_blocks() -> impl Iterator<Item = &'static Axis> {
    axes().iter().filter(|axis| axis.name != WORKERS)
}

impl AxisOptions {
    /// Sets what was given.
    ///
    /// # Errors
    /// When a value does not exist.
    pub fn apply(&self, configuration: &mut Configuration) -> Result<(), ConfigurationError> {
        self.given.iter().try_for_each(|(axis, value)| configuration.set(axis, value))?;
        time_by(configuration);
        Ok(())
    }

    /// What was given for an axis.
    pub fn get(&self, axis: &str) -> Option<&str> {
        self.given.iter().find(|(name, _)| *name == axis).map(|(_, value)| value.as_str())
    }
}

impl AgainstOptions {
    /// Sets what was given.
    ///
    /// # Errors
    /// When a value does not exist.
    pub fn apply(&self, configuration: &mut Configuration) -> Result<(), ConfigurationError> {
        self.given.iter().try_for_each(|(axis, value)| configuration.set(axis, value)).map_err(of_the_other_side)?;
        time_by(configuration);
        Ok(())
    }
}

/// Runs that other threads help are timed by the time that passes, and those beside them.
pub fn time_by(configuration: &Configuration) {
    if configuration.workers > 1 {
        engine::clock::count_waiting();
    }
}

/// The error as it is about the option that was given: `--against-registers`, not `--registers`.
fn of_the_other_side(error: ConfigurationError) -> ConfigurationError {
    match error {
        ConfigurationError::NoValue { option, value, known } => {
            let option = engine::axis(&option).map_or(option, against);
            ConfigurationError::NoValue { option, value, known }
        }
        other => other,
    }
}

const HEADING: &str = "How the program is run";
const AGAINST_HEADING: &str = "What differs on the other side";

fn values(axis: &Axis) -> String {
    format!("{} [{}]", capital(axis.about), axis.known_values())
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}

/// `against` for the executor, `against-NAME` for the others.
fn against(axis: &Axis) -> String {
    if axis.name == "vm" { "against".to_string() } else { format!("against-{}", axis.name) }
}

fn option(axis: &Axis) -> Arg {
    Arg::new(axis.name).long(axis.name).value_name(axis.placeholder).help(values(axis)).help_heading(HEADING)
}

impl Args for BlockAxisOptions {
    fn augment_args(command: Command) -> Command {
        axes_of_blocks().fold(command, |command, axis| command.arg(option(axis)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl Args for AxisOptions {
    fn augment_args(command: Command) -> Command {
        axes().iter().fold(command, |command, axis| command.arg(option(axis)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl Args for AgainstOptions {
    fn augment_args(command: Command) -> Command {
        axes().iter().fold(command, |command, axis| {
            let help = if axis.name == "vm" {
                "What to compare with [stack, or another value of --vm]".to_string()
            } else {
                format!("--{} of the other side", axis.name)
            };
            let option = Arg::new(against(axis)).long(against(axis)).value_name(axis.placeholder).help(help);
            command.arg(option.help_heading(AGAINST_HEADING).hide_short_help(axis.name != "vm"))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn given(
    matches: &ArgMatches,
    axes: impl Iterator<Item = &'static Axis>,
    option: impl Fn(&Axis) -> String,
) -> Vec<(&'static str, String)> {
    let value = |axis: &'static Axis| matches.get_one::<String>(&option(axis)).map(|value| (axis.name, value.clone()));
    axes.filter_map(value).collect()
}

impl FromArgMatches for BlockAxisOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = given(matches, axes_of_blocks(), |axis| axis.name.to_string());
        Ok(Self(AxisOptions { given }))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl FromArgMatches for AxisOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self { given: given(matches, axes().iter(), |axis| axis.name.to_string()) })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl FromArgMatches for AgainstOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self { given: given(matches, axes().iter(), against) })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

//! Simulated French health professional cards.

//! What another program may have done to the card while no transaction of ours ran, and what is
//! still to be looked at because of it.

/// Each event leaves its marks at once; a mark goes when the card has been asked.
#[derive(Debug, Default)]
pub(super) struct Disturbance {
    /// Another program has reset the card since a PIN was last verified.
    pin_lost: bool,
    /// Another program may have presented PINs since [`Disturbance::take_counters_in_doubt`].
    counters_in_doubt: bool,
    /// There may be another card in the reader.
    number_in_doubt: bool,
    /// The card's data may have been updated: a program that updates a card resets it in the end.
    stamp_in_doubt: bool,
}

impl Disturbance {
    /// Another program has reset the card.
    pub(super) fn card_was_reset(&mut self) {
        self.pin_lost = true;
        self.counters_in_doubt = true;
        self.stamp_in_doubt = true;
    }

    /// There was no connection to the card for a while.
    pub(super) fn card_was_away(&mut self) {
        self.card_was_reset();
        self.number_in_doubt = true;
    }

    /// A PIN was verified.
    pub(super) fn pin_was_verified(&mut self) {
        self.pin_lost = false;
    }

    /// The card has shown its number.
    pub(super) fn number_was_read(&mut self) {
        self.number_in_doubt = false;
    }

    /// The stamp of the card's data is too old to be believed.
    pub(super) fn stamp_is_old(&mut self) {
        self.stamp_in_doubt = true;
    }

    /// The card has shown the stamp of its data.
    pub(super) fn stamp_was_read(&mut self) {
        self.stamp_in_doubt = false;
    }

    /// No PIN that was verified earlier is verified any more.
    pub(super) fn pin_lost(&self) -> bool {
        self.pin_lost
    }

    /// The card must show its number before the next act.
    pub(super) fn number_in_doubt(&self) -> bool {
        self.number_in_doubt
    }

    /// The card must show the stamp of its data before the next act.
    pub(super) fn stamp_in_doubt(&self) -> bool {
        self.stamp_in_doubt
    }

    /// Whether the counters of the PINs may have changed since this was last asked.
    pub(super) fn take_counters_in_doubt(&mut self) -> bool {
        std::mem::take(&mut self.counters_in_doubt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PIN lost, number in doubt, stamp in doubt, counters in doubt.
    fn marks(disturbance: &mut Disturbance) -> [bool; 4] {
        [
            disturbance.pin_lost(),
            disturbance.number_in_doubt(),
            disturbance.stamp_in_doubt(),
            disturbance.take_counters_in_doubt(),
        ]
    }

    #[test]
    fn each_event_leaves_its_marks_and_each_look_at_the_card_takes_one() {
        let mut disturbance = Disturbance::default();
        assert_eq!(marks(&mut disturbance), [false; 4]);
        disturbance.stamp_is_old();
        assert_eq!(marks(&mut disturbance), [false, false, true, false]);
        disturbance.stamp_was_read();
        disturbance.card_was_reset();
        assert_eq!(marks(&mut disturbance), [true, false, true, true]);
        disturbance.card_was_away();
        assert_eq!(marks(&mut disturbance), [true; 4]);
        disturbance.number_was_read();
        assert_eq!(marks(&mut disturbance), [true, false, true, false]);
        disturbance.stamp_was_read();
        assert_eq!(marks(&mut disturbance), [true, false, false, false]);
        disturbance.pin_was_verified();
        assert_eq!(marks(&mut disturbance), [false; 4]);
    }
}

//! Days, and what they mean for the validity of a certificate.

use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use der::DateTime;

/// A day on which the lab's certificates can be used: from 2016-01-01 to 2046-12-31. The authorities, which live
/// from 2010 to the last year of UTCTime, 2049, cover every certificate issued around such a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// A text that is not such a day, written `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateError(String);

impl std::fmt::Display for DateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:?} is not a day written YYYY-MM-DD, from 2016-01-01 to 2046-12-31",
            self.0
        )
    }
}

impl std::error::Error for DateError {}

impl Date {
    const FIRST: Date = Date {
        year: 2016,
        month: 1,
        day: 1,
    };
    const LAST: Date = Date {
        year: 2046,
        month: 12,
        day: 31,
    };

    /// `None` for a day that does not exist or lies outside the years of the lab.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Date> {
        let date = Date { year, month, day };
        let exists = DateTime::new(year, month, day, 0, 0, 0).is_ok();
        (exists && (Date::FIRST..=Date::LAST).contains(&date)).then_some(date)
    }

    /// The day of the system's clock (UTC), or the nearest day that the lab knows.
    pub fn today() -> Date {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        match DateTime::from_unix_duration(now) {
            Ok(now) => {
                let today = Date {
                    year: now.year(),
                    month: now.month(),
                    day: now.day(),
                };
                today.clamp(Date::FIRST, Date::LAST)
            }
            Err(_) => Date::LAST,
        }
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Date, DateError> {
        let date = || {
            let mut parts = text.split('-');
            let mut number = |digits| {
                let part = parts.next()?;
                let clean = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
                part.parse::<u16>().ok().filter(|_| clean)
            };
            let (year, month, day) = (number(4)?, number(2)?, number(2)?);
            let date = Date::new(year, month.try_into().ok()?, day.try_into().ok()?)?;
            parts.next().is_none().then_some(date)
        };
        date().ok_or_else(|| DateError(text.to_owned()))
    }
}

/// An instant at midnight UTC, as certificates write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Midnight {
    year: u16,
    month: u8,
    day: u8,
}

impl Midnight {
    pub(crate) const fn new(year: u16, month: u8, day: u8) -> Midnight {
        Midnight { year, month, day }
    }

    /// The digits `YYYYMMDD`.
    pub fn digits(self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }

    /// The text of a GeneralizedTime.
    pub(crate) fn generalized(self) -> String {
        format!("{}000000Z", self.digits())
    }
}

/// From the first to the last instant of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first instant.
    pub not_before: Midnight,
    /// Its last one.
    pub not_after: Midnight,
}

/// When certificates are issued, seen from the day they are used on.
///
/// Each lives three years, as on real cards, from the first day of a month: a year before the day of use, or four
/// years if it shall have expired. So the same month gives the same certificates, byte for byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    day: Date,
}

impl Validity {
    /// Certificates to be used today.
    pub fn relative_to_today() -> Validity {
        Validity::at(Date::today())
    }

    /// Certificates to be used on that day.
    pub fn at(day: Date) -> Validity {
        Validity { day }
    }

    /// Three years around the day of use.
    pub fn current(&self) -> Period {
        self.issued_years_before(1)
    }

    /// Three years that ended before the day of use.
    pub fn expired(&self) -> Period {
        self.issued_years_before(4)
    }

    fn issued_years_before(&self, years: u16) -> Period {
        let year = self.day.year - years;
        let month = self.day.month;
        Period {
            not_before: Midnight::new(year, month, 1),
            not_after: Midnight::new(year + 3, month, 1),
        }
    }

    /// From the first of the month of the day of use to the first of the month after the next: the life of a CRL.
    pub(crate) fn two_months(&self) -> Period {
        let month = self.day.month + 2;
        let (year, month) = if month > 12 {
            (self.day.year + 1, month - 12)
        } else {
            (self.day.year, month)
        };
        Period {
            not_before: Midnight::new(self.day.year, self.day.month, 1),
            not_after: Midnight::new(year, month, 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validity(date: &str) -> Validity {
        Validity::at(date.parse().unwrap())
    }

    #[test]
    fn only_days_of_the_lab_are_dates() {
        assert!("2024-02-29".parse::<Date>().is_ok());
        for wrong in [
            "2023-02-29",
            "2015-12-31",
            "2047-01-01",
            "2024-1-01",
            "2024-01-01-",
            "+024-01-01",
            "",
        ] {
            assert!(wrong.parse::<Date>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_leap_day_gives_whole_years() {
        let period = validity("2024-02-29").current();
        assert_eq!(period.not_before.digits(), "20230201");
        assert_eq!(period.not_after.digits(), "20260201");
        assert_eq!(validity("2024-02-29").expired().not_after.digits(), "20230201");
    }

    #[test]
    fn a_revocation_list_of_december_ends_next_year() {
        assert_eq!(validity("2024-12-31").two_months().not_after.digits(), "20250201");
        assert_eq!(validity("2024-10-31").two_months().not_after.digits(), "20241201");
    }
}
